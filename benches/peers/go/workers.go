package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// A worker of `consume --handler lines` that acknowledges each item.
func lines() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<16), bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadSlice('\n')
		if err == io.EOF {
			return
		}
		must(err)
		var job struct{ ID, Item string }
		must(json.Unmarshal(line, &job))
		fmt.Fprintf(out, "{\"id\":%q,\"ack\":true}\n", job.ID)
		if in.Buffered() == 0 {
			must(out.Flush())
		}
	}
}

// An endpoint of `consume --handler http` that acknowledges each item; it prints its address.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr())
	must(http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		response.WriteHeader(http.StatusNoContent)
	})))
}

// A load generator for the same endpoint: one connection per slot, kept, one request after the other.
func load() {
	request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", *endpoint, len(payload), payload)
	connections := make(chan *bufio.ReadWriter, *concurrency)
	for range *concurrency {
		connection, err := net.Dial("tcp", *endpoint)
		must(err)
		connections <- bufio.NewReadWriter(bufio.NewReader(connection), bufio.NewWriter(connection))
	}
	each(func() {
		connection := <-connections
		_, err := connection.WriteString(request)
		must(err)
		must(connection.Flush())
		for {
			line, err := connection.ReadString('\n')
			must(err)
			if strings.TrimSpace(line) == "" {
				break
			}
		}
		connections <- connection
	})
}
