# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_qscale_global_optspecs
    string join \n p/profile= env= log= color= v/verbose q/quiet h/help V/version
end

function __fish_qscale_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_qscale_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_qscale_using_subcommand
    set -l cmd (__fish_qscale_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c qscale -n "__fish_qscale_needs_command" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_needs_command" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_needs_command" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_needs_command" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_needs_command" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_needs_command" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_needs_command" -s V -l version -d 'Print version'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "produce" -d 'Fill the list, in shape and at the rate you ask, or from a file or a pipe'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "consume" -d 'Work the list: run a command for each item, simulate work, or hand each item on as a line'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "watch" -d 'Watch the list grow and shrink, and the pods that work it'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "dead" -d 'Look at items that were given up, try them again, or throw them away'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "render" -d 'Write the profile as Kubernetes objects, for kubectl apply -f -'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "simulate" -d 'Show what KEDA and the HPA would do with a load, and why'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "demo" -d 'See the whole loop on this machine: items pushed, consumers started and ended as KEDA would, and all counted'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "completions" -d 'Write shell completions or man pages'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "health" -d 'Say whether the consumer that touches a file still does'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s l -l list -d 'The list to push to [env: LIST_NAME] [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s b -l batch -d 'Items a batch; each batch is one LPUSH [default: 50; 500 when nothing paces them]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l every -d 'From the start of one batch to the start of the next; 0s is as fast as Redis takes them' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l rate -d 'Items per second, in place of --every: 200, 30/m or max' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l pattern -d 'A load that changes, in place of --every: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), 1m@0, burst 500; at the end repeat 3, or repeat for ever. When it is over, so is the run' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l pattern-file -d 'The same from a CSV file: a count of items for each second, or `seconds,count` lines' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s n -l count -d 'Stop after this many items' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l duration -d 'Stop after this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l payload -d 'What the items hold; {int:0..49} {seq} {time} {unix} {id} {text:100} are filled in, JSON stays JSON' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s i -l input -d 'Push the lines of a file, or of stdin for -, byte for byte' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l max-backlog -d 'Wait while the list is longer than this' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l speed -d 'How many times as fast as the load says' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l seed -d 'Draw the same every time: what fills the template, and the times of a pattern\'s poisson' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s o -l output -d 'The form of the result on stdout' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l redis -d 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l host -d 'Host name or IP address [env: REDIS_HOST] [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l port -d 'Port [env: REDIS_PORT] [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l addresses -d 'Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l mode -d 'What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l sentinel-master -d 'The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l username -d 'ACL user [env: REDIS_USERNAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l password-file -d 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l db -d 'Database index [env: REDIS_DB] [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-ca -d 'Certificates (PEM) to trust in place of the system\'s [env: REDIS_TLS_CA]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-cert -d 'Client certificate (PEM) [env: REDIS_TLS_CERT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-key -d 'Client key (PEM) [env: REDIS_TLS_KEY]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-server-name -d 'Name the server\'s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l connect-timeout -d 'How long one attempt to connect may take [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l reconnect-for -d 'How long a lost connection is tried for [default: 1m in produce, else for ever]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s 0 -l null -d 'Items in the input end with NUL, not with a newline'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l echo -d 'Log every item'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls -d 'Speak TLS [env: REDIS_TLS]'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-skip-verify -d 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s l -l list -d 'The list to work [env: LIST_NAME] [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l delivery -d 'How surely an item is worked [default: at-least-once]' -r -f -a "at-least-once\t'Claimed under a lease, and given to others when its consumer dies'
at-most-once\t'A plain blocking pop: an item in flight is lost when its consumer dies'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s c -l concurrency -d 'How many items are worked at a time [default: 1]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s w -l work -d 'What to do with an item: wait 2s or 2s..6s; wait exp(4s), 4s on average, or lognormal(4s, 0.5), 4s or less in half of the items and far more in few; wait as many seconds as a field of its JSON says (field:wait); or write it to stdout as a line (none) [default: the profile\'s, which is 2s..6s in the built-in one, else none]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l timeout -d 'How long the command may take; then it is ended with all it started, and the attempt has failed [env: QSCALE_TIMEOUT]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l kill-after -d 'How long a command that was told to end may take until it is killed [env: QSCALE_KILL_AFTER] [default: 5s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l exit -d 'What an exit status of the command says of its item, such as 3=dead or other=retry: ack, dead, retry (no attempt is spent), fail (one is) or stop; may be repeated [default: 0=ack 65=dead 75=retry 126=stop 127=stop other=fail]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l speed -d 'How many times faster than --work says an item is worked' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-items -d 'Stop after this many items' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l idle-exit -d 'End when nothing has come for this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l await-due -d 'Do not end for want of items while one is due for another try within this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l drain -d 'How long items in flight may take after SIGTERM; what is unfinished then goes back to the list [env: QSCALE_DRAIN] [default: 30s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l lease -d 'How long a consumer that is not heard of keeps what it holds [env: QSCALE_LEASE] [default: 30s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-attempts -d 'How many failed attempts make a dead letter [env: QSCALE_MAX_ATTEMPTS] [default: 3]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-crashes -d 'How many deaths of its consumer make a dead letter [env: QSCALE_MAX_CRASHES] [default: 3]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l backoff -d 'The first pause before another attempt, and the longest; it doubles between [env: QSCALE_BACKOFF] [default: 1s..5m]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-age -d 'How long an item may ask for another try without spending attempts [env: QSCALE_MAX_AGE] [default: 1day]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l metrics -d 'Serve figures (OpenMetrics) at /metrics of this address; a port alone is one of the loopback [env: QSCALE_METRICS] [default: not at all]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l stamp-field -d 'The field of a JSON item that says when it was made, for the queue wait among the figures: RFC 3339, or seconds or milliseconds since 1970 [env: QSCALE_STAMP_FIELD]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l heartbeat -d 'Touch this file every second as long as the consumer turns [env: QSCALE_HEARTBEAT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s o -l output -d 'The form of the result: text goes to the log, json to stdout' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l redis -d 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l host -d 'Host name or IP address [env: REDIS_HOST] [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l port -d 'Port [env: REDIS_PORT] [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l addresses -d 'Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l mode -d 'What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l sentinel-master -d 'The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l username -d 'ACL user [env: REDIS_USERNAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l password-file -d 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l db -d 'Database index [env: REDIS_DB] [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-ca -d 'Certificates (PEM) to trust in place of the system\'s [env: REDIS_TLS_CA]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-cert -d 'Client certificate (PEM) [env: REDIS_TLS_CERT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-key -d 'Client key (PEM) [env: REDIS_TLS_KEY]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-server-name -d 'Name the server\'s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l connect-timeout -d 'How long one attempt to connect may take [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l reconnect-for -d 'How long a lost connection is tried for [default: 1m in produce, else for ever]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l once -d 'Work one item if there is one, then end'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls -d 'Speak TLS [env: REDIS_TLS]'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-skip-verify -d 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l every -d 'Look this often' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l duration -d 'Stop after this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s o -l output -d 'The form of the samples' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s l -l list -d 'The list to watch [env: LIST_NAME] [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l context -d 'The kubeconfig\'s context to look in [default: its current one; in a pod, the pod\'s cluster]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s n -l namespace -d 'The consumers\' namespace [default: the profile\'s, else the context\'s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l deployment -d 'The consumers\' Deployment [default: what qscale render writes or scales]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l redis -d 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l host -d 'Host name or IP address [env: REDIS_HOST] [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l port -d 'Port [env: REDIS_PORT] [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l addresses -d 'Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l mode -d 'What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l sentinel-master -d 'The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l username -d 'ACL user [env: REDIS_USERNAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l password-file -d 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l db -d 'Database index [env: REDIS_DB] [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-ca -d 'Certificates (PEM) to trust in place of the system\'s [env: REDIS_TLS_CA]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-cert -d 'Client certificate (PEM) [env: REDIS_TLS_CERT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-key -d 'Client key (PEM) [env: REDIS_TLS_KEY]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-server-name -d 'Name the server\'s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l connect-timeout -d 'How long one attempt to connect may take [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l reconnect-for -d 'How long a lost connection is tried for [default: 1m in produce, else for ever]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l until-empty -d 'Stop as soon as the list is empty; exit status 75 when that does not come first'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l until-settled -d 'Stop as soon as nothing waits, is in flight or is to be tried again, and say whether any item was lost: exit status 4 when so, 75 when it does not come to that'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls -d 'Speak TLS [env: REDIS_TLS]'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-skip-verify -d 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "ls" -d 'List dead letters, the newest first'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "show" -d 'Show one dead letter whole; exit status 4 when it is not there'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "requeue" -d 'Put items of dead letters back on their list, bare, behind what waits there; the oldest first'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "purge" -d 'Throw dead letters away, the oldest first'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l older-than -d 'Only what has been dead for this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l match -d 'Only where item or reason hold this text' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l limit -d 'So many at most' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s o -l output -d 'The form of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s l -l list -d 'The list they come from [env: LIST_NAME] [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l redis -d 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l host -d 'Host name or IP address [env: REDIS_HOST] [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l port -d 'Port [env: REDIS_PORT] [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l addresses -d 'Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l mode -d 'What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l sentinel-master -d 'The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l username -d 'ACL user [env: REDIS_USERNAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l password-file -d 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l db -d 'Database index [env: REDIS_DB] [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-ca -d 'Certificates (PEM) to trust in place of the system\'s [env: REDIS_TLS_CA]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-cert -d 'Client certificate (PEM) [env: REDIS_TLS_CERT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-key -d 'Client key (PEM) [env: REDIS_TLS_KEY]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-server-name -d 'Name the server\'s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l connect-timeout -d 'How long one attempt to connect may take [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l reconnect-for -d 'How long a lost connection is tried for [default: 1m in produce, else for ever]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls -d 'Speak TLS [env: REDIS_TLS]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-skip-verify -d 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s o -l output -d 'The form of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s l -l list -d 'The list they come from [env: LIST_NAME] [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l redis -d 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l host -d 'Host name or IP address [env: REDIS_HOST] [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l port -d 'Port [env: REDIS_PORT] [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l addresses -d 'Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l mode -d 'What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l sentinel-master -d 'The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l username -d 'ACL user [env: REDIS_USERNAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l password-file -d 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l db -d 'Database index [env: REDIS_DB] [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-ca -d 'Certificates (PEM) to trust in place of the system\'s [env: REDIS_TLS_CA]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-cert -d 'Client certificate (PEM) [env: REDIS_TLS_CERT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-key -d 'Client key (PEM) [env: REDIS_TLS_KEY]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-server-name -d 'Name the server\'s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l connect-timeout -d 'How long one attempt to connect may take [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l reconnect-for -d 'How long a lost connection is tried for [default: 1m in produce, else for ever]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l raw -d 'Write the item\'s bytes to stdout, and nothing else'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls -d 'Speak TLS [env: REDIS_TLS]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-skip-verify -d 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l older-than -d 'Only what has been dead for this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l match -d 'Only where item or reason hold this text' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l limit -d 'So many at most' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s o -l output -d 'The form of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s l -l list -d 'The list they come from [env: LIST_NAME] [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l redis -d 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l host -d 'Host name or IP address [env: REDIS_HOST] [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l port -d 'Port [env: REDIS_PORT] [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l addresses -d 'Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l mode -d 'What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l sentinel-master -d 'The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l username -d 'ACL user [env: REDIS_USERNAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l password-file -d 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l db -d 'Database index [env: REDIS_DB] [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-ca -d 'Certificates (PEM) to trust in place of the system\'s [env: REDIS_TLS_CA]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-cert -d 'Client certificate (PEM) [env: REDIS_TLS_CERT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-key -d 'Client key (PEM) [env: REDIS_TLS_KEY]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-server-name -d 'Name the server\'s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l connect-timeout -d 'How long one attempt to connect may take [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l reconnect-for -d 'How long a lost connection is tried for [default: 1m in produce, else for ever]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l dry-run -d 'Only list what would be done'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls -d 'Speak TLS [env: REDIS_TLS]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-skip-verify -d 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l older-than -d 'Only what has been dead for this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l match -d 'Only where item or reason hold this text' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l limit -d 'So many at most' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s o -l output -d 'The form of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s l -l list -d 'The list they come from [env: LIST_NAME] [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l redis -d 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l host -d 'Host name or IP address [env: REDIS_HOST] [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l port -d 'Port [env: REDIS_PORT] [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l addresses -d 'Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l mode -d 'What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l sentinel-master -d 'The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l username -d 'ACL user [env: REDIS_USERNAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l password-file -d 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l db -d 'Database index [env: REDIS_DB] [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-ca -d 'Certificates (PEM) to trust in place of the system\'s [env: REDIS_TLS_CA]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-cert -d 'Client certificate (PEM) [env: REDIS_TLS_CERT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-key -d 'Client key (PEM) [env: REDIS_TLS_KEY]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-server-name -d 'Name the server\'s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l connect-timeout -d 'How long one attempt to connect may take [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l reconnect-for -d 'How long a lost connection is tried for [default: 1m in produce, else for ever]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l all -d 'All of them, when nothing else says which'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l dry-run -d 'Only list what would be done'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls -d 'Speak TLS [env: REDIS_TLS]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-skip-verify -d 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s n -l namespace -d 'Namespace of all objects [default: deploy.namespace]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l image -d 'Container image, with a tag or digest [default: deploy.image]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l keda-version -d 'The KEDA in the cluster: what it does not know is refused [default: scale.keda-version, else 2.20.2]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l only -d 'Write only these objects, such as service,deploy/demo-consumer' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l format -d 'The form of the objects' -r -f -a "yaml\t'Documents, one below the other'
json\t'A List'"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l out-dir -d 'Write a file for each object into this folder, and a kustomization.yaml: for kubectl apply -k' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand render" -l schema -d 'Write the JSON Schema of profiles instead, for editors; markdown writes the reference of all keys' -r -f -a "json\t'JSON Schema, draft 7'
markdown\t'A heading per key'"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l lint -d 'Check existing manifests instead, `-` for stdin; exit 4 for errors' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand render" -l allow -d 'With --check or --lint: silence these rules, such as short-host,image-tag; --rules lists them' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand render" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l rules -d 'Write the lint rules as Markdown instead: code, severity and description of each'
complete -c qscale -n "__fish_qscale_using_subcommand render" -l check -d 'Check the profile and the objects rendered from it instead; exit 4 for errors'
complete -c qscale -n "__fish_qscale_using_subcommand render" -l deny-warnings -d 'With --check or --lint: exit 4 for warnings as well'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l produce -d 'The load, in place of the profile\'s: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), burst 500' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l produce-file -d 'The same from a CSV file: a count of items for each second, or `seconds,count` lines' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l duration -d 'How long to simulate [default: until all is over, an hour at most]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l seed -d 'What chance begins with: the same number, the same bytes' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l start-time -d 'From a pod\'s creation to its first item' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l work -d 'How long an item is worked, in place of what the profile says: 2s, 2s..6s, field:NAME' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l without -d 'Leave out what protects items in flight, to see what it is good for' -r -f -a "busy\t'The triggers that count what has left the list: pods with items in flight'
formula\t'The formula that adds them up'
jobs\t'Jobs, which nobody ends, in place of a Deployment'
grace\t'The time a pod may take to finish what it has'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l with -d 'Add what protects items in flight, to see what it would be good for' -r -f -a "busy\t'The triggers that count what has left the list: pods with items in flight'
formula\t'The formula that adds them up'
jobs\t'Jobs, which nobody ends, in place of a Deployment'
grace\t'The time a pod may take to finish what it has'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s o -l output -d 'The form of the result' -r -f -a "text\t'For people'
json\t'One JSON object a line'
csv\t'One line a sample, for spreadsheets'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l start -d 'The time of the first sample, as RFC 3339' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l svg -d 'Draw the chart as a picture (SVG) as well' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l target-wait -d 'Propose settings that keep this wait, such as p95=60s, and prove them' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l against -d 'Compare with what was recorded' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l redis -d 'Use this Redis, on a list of its own, in place of a private one' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l consumers -d 'How many consumers there are at most [default: the profile\'s max-replica-count]' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s n -l count -d 'How many items are pushed [default: as many as the load has, or six of its batches]' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l speed -d 'How many times as fast as in the profile everything goes: the load, the work, KEDA and the HPA' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s o -l output -d 'The form of the readout on stdout' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l out-dir -d 'Folder to write to, in place of stdout; required for `man`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand health" -l heartbeat -d 'The file that the consumer touches [env: QSCALE_HEARTBEAT]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand health" -l max-age -d 'How long ago that may be [default: 30s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand health" -s p -l profile -d 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand health" -l env -d 'Overlay of the profile: what it says in [env.NAME] goes over the rest [env: QSCALE_ENV]' -r
complete -c qscale -n "__fish_qscale_using_subcommand health" -l log -d 'The form of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand health" -l color -d 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand health" -s v -l verbose -d 'Say more: where each setting comes from, and every try to connect'
complete -c qscale -n "__fish_qscale_using_subcommand health" -s q -l quiet -d 'Say only what is wrong'
complete -c qscale -n "__fish_qscale_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
