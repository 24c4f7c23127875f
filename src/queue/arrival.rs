//! Arrival of data at the TCP connections of this process, as Linux tells it (`NETLINK_SOCK_DIAG`).

use std::io;
use std::time::Duration;

/// Returns the time since the last byte arrived on a connection of this process that has sent nothing for `quiet`, so that the
/// bytes can only be a reply; `None` if there is no such connection.
///
/// # Errors
///
/// Fails where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn since_last_byte(quiet: Duration) -> io::Result<Option<Duration>> {
    let own = linux::own_sockets()?;
    let mut since = None;
    for family in [linux::IPV4, linux::IPV6] {
        for socket in linux::tcp_sockets(family)?.into_iter().filter(|socket| own.contains(&socket.inode)) {
            if socket.last_sent + linux::SENDING >= quiet {
                since = Some(since.map_or(socket.last_received, |since: Duration| since.min(socket.last_received)));
            }
        }
    }
    Ok(since)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn since_last_byte(_quiet: Duration) -> io::Result<Option<Duration>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::io;
    use std::time::Duration;

    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, netlink, recv, send, socket_with,
    };

    /// Time that a command may take to be sent.
    pub(super) const SENDING: Duration = Duration::from_secs(1);

    pub(super) const IPV4: AddressFamily = AddressFamily::INET;
    pub(super) const IPV6: AddressFamily = AddressFamily::INET6;

    // Layout and constants of linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and linux/tcp.h.
    const HEADER: usize = 16;
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLM_F_REQUEST_AND_DUMP: u16 = 0x301;
    const NLMSG_ERROR: u16 = 2;
    const NLMSG_DONE: u16 = 3;
    const REQUEST: usize = 56;
    const SOCKET: usize = 72;
    const SOCKET_INODE: usize = 68;
    const INET_DIAG_INFO: u16 = 2;
    const TCP_ESTABLISHED: u32 = 1 << 1;
    const TCP_CLOSE_WAIT: u32 = 1 << 8;
    const LAST_DATA_SENT: usize = 44;
    const LAST_DATA_RECV: usize = 52;

    /// A connected socket.
    pub(super) struct TcpSocket {
        pub(super) inode: u32,
        /// Time since it has sent data.
        pub(super) last_sent: Duration,
        /// Time since it has received data.
        pub(super) last_received: Duration,
    }

    /// Returns the inodes of the sockets of this process.
    pub(super) fn own_sockets() -> io::Result<HashSet<u32>> {
        let mut inodes = HashSet::new();
        for entry in std::fs::read_dir("/proc/self/fd")? {
            // A descriptor may be closed meanwhile.
            let Ok(target) = std::fs::read_link(entry?.path()) else { continue };
            let inode = target.to_str().and_then(|target| target.strip_prefix("socket:[")?.strip_suffix(']'));
            inodes.extend(inode.and_then(|inode| inode.parse::<u32>().ok()));
        }
        Ok(inodes)
    }

    /// Returns the connected TCP sockets of the network namespace.
    pub(super) fn tcp_sockets(family: AddressFamily) -> io::Result<Vec<TcpSocket>> {
        let link =
            socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
        send(&link, &request(family), SendFlags::empty())?;
        let (mut sockets, mut buffer) = (Vec::new(), vec![0; 32 * 1024]);
        loop {
            // The kernel has replies at the ready: there is nothing to wait for.
            let (length, _) = recv(&link, &mut buffer[..], RecvFlags::DONTWAIT)?;
            let mut messages = &buffer[..length];
            while let Some((length, kind)) = read_u32(messages, 0).zip(read_u16(messages, 4)) {
                let length = usize::try_from(length).unwrap_or(usize::MAX).clamp(HEADER, messages.len());
                match kind {
                    NLMSG_DONE => return Ok(sockets),
                    NLMSG_ERROR => return Err(io::Error::other("sockets cannot be listed")),
                    _ => sockets.extend(socket(&messages[HEADER..length])),
                }
                messages = &messages[aligned(length).min(messages.len())..];
            }
        }
    }

    /// Returns the request for all connected sockets of a family.
    fn request(family: AddressFamily) -> Vec<u8> {
        let mut request = Vec::with_capacity(HEADER + REQUEST);
        request.extend(u32::try_from(HEADER + REQUEST).unwrap_or_default().to_ne_bytes());
        request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        request.extend(NLM_F_REQUEST_AND_DUMP.to_ne_bytes());
        // Sequence number and sender.
        request.extend([0; 8]);
        let info = 1 << (INET_DIAG_INFO - 1);
        request.extend([family.as_raw().to_ne_bytes()[0], ipproto::TCP.as_raw().get().to_ne_bytes()[0], info, 0]);
        request.extend((TCP_ESTABLISHED | TCP_CLOSE_WAIT).to_ne_bytes());
        request.resize(HEADER + REQUEST, 0);
        request
    }

    /// Reads a socket and its attributes.
    fn socket(message: &[u8]) -> Option<TcpSocket> {
        let inode = read_u32(message, SOCKET_INODE)?;
        let mut attributes = message.get(SOCKET..)?;
        loop {
            let (length, kind) = (usize::from(read_u16(attributes, 0)?), read_u16(attributes, 2)?);
            let millis = |at| Some(Duration::from_millis(read_u32(attributes, 4 + at)?.into()));
            if kind == INET_DIAG_INFO {
                let (last_sent, last_received) = (millis(LAST_DATA_SENT)?, millis(LAST_DATA_RECV)?);
                return Some(TcpSocket { inode, last_sent, last_received });
            }
            attributes = attributes.get(aligned(length.max(4))..)?;
        }
    }

    /// Rounds up to where the next message or attribute begins.
    fn aligned(length: usize) -> usize {
        length.next_multiple_of(4)
    }

    fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
        bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
    }

    fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
        bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn arrival_is_seen_on_connections_that_send_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let quiet = linux::SENDING + Duration::from_millis(200);
        let start = Instant::now();
        let since = loop {
            server.write_all(b"reply").unwrap();
            client.read_exact(&mut [0; 5]).unwrap();
            if let Some(since) = since_last_byte(quiet).unwrap() {
                break since;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "the client has received, and has not sent");
            thread::sleep(Duration::from_millis(10));
        };
        assert!(since < quiet, "{since:?}");
        assert!(since_last_byte(Duration::from_secs(3600)).unwrap().is_none(), "no connection is as old");
    }
}
