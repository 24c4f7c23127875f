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

complete -c qscale -n "__fish_qscale_needs_command" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_needs_command" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_needs_command" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_needs_command" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_needs_command" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_needs_command" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_needs_command" -s V -l version -d 'Print version'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "produce" -d 'Push items at a rate, by a load pattern, or from a file or pipe'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "consume" -d 'Process items: run a command per item, simulate work, or print each item to stdout'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "watch" -d 'Watch the backlog, and the pods that process it'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "dead" -d 'List, show, requeue or purge dead letters'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "render" -d 'Render the profile as Kubernetes objects, for kubectl apply -f -'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "simulate" -d 'Simulate how KEDA and the HPA scale the consumers of a load, and why'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "demo" -d 'Run producer, consumers and autoscaler on this machine, and reconcile the counters'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "init" -d 'Write a commented profile to start from'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "doctor" -d 'Find why KEDA or qscale cannot read or scale a list'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "completions" -d 'Write shell completions or man pages'
complete -c qscale -n "__fish_qscale_needs_command" -f -a "health" -d 'Check that a consumer has touched its heartbeat file'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s l -l list -d 'List to push to [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s b -l batch -d 'Items per batch; each batch is one LPUSH [default: 50; 500 without a pace]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l every -d 'Interval between the starts of two batches; 0s pushes as fast as Redis accepts' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l rate -d 'Items per second, in place of --every: 200, 30/m or max' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l pattern -d 'Load pattern, in place of --every, such as \'30s@50, 1m@200..1000, burst 500\'' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l pattern-file -d 'Load pattern from a CSV file, or stdin (-): one count per second, or lines of `seconds,count`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s n -l count -d 'Stop after this many items' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l duration -d 'Stop after this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l payload -d 'Template of an item, with the placeholders {int:0..49} {seq} {time} {unix} {id} {text:100}' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s i -l input -d 'Push the lines of a file, or of stdin (-), byte for byte' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l max-backlog -d 'Wait while the list is longer than this' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l wait-replicas -d 'Replicas that must hold a batch before it counts as pushed [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l speed -d 'Factor by which the load is sped up' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l seed -d 'Random seed of payloads and Poisson arrivals; the same seed reproduces them [default: random]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s o -l output -d 'Format of the result on stdout' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s 0 -l null -d 'Split the input at NUL bytes in place of newlines'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l echo -d 'Log every item'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand produce" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s l -l list -d 'List to consume; may be repeated, with weights as in critical=6 [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l lists -d 'Lists to consume, separated by commas: critical=6,low=1; the same as --list for each' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l delivery -d 'Delivery guarantee [default: at-least-once]' -r -f -a "at-least-once\t'Items are claimed under a lease, and redelivered if their consumer crashes'
at-most-once\t'Items are popped; those in flight are lost if their consumer crashes'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s c -l concurrency -d 'Items to process at a time; with --batch, batches [default: 1]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s w -l work -d 'Simulated work per item, such as 2s or 2s..6s, or none to print the item [default: none; 2s..6s in the built-in profile]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l rate -d 'Maximum rate at which items are started, over all slots: 10/s, 30/m' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-items -d 'Stop after this many items' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l idle-exit -d 'Exit when no item has arrived for this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l await-due -d 'Keep running while a delayed retry is due within this time' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l drain -d 'Time to finish items in flight after SIGTERM; the rest is requeued [default: 30s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s o -l output -d 'Format of the result: text goes to the log, json to stdout' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l handler -d 'Protocol of the handler: a command per item, persistent processes, or HTTP [default: command]' -r -f -a "command\t'The command runs per item, and its exit status is the outcome'
lines\t'The command stays, is given items as lines of JSON on stdin, and answers with lines on stdout'
http\t'Items are posted to an endpoint, and the status of the response is the outcome'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l per-process -d 'Items, or batches, that a process may have in flight at a time, with --handler lines [default: 1]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l ready-within -d 'Time within which a process has to write {"ready":true} before it gets items, with --handler lines' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l restart-after -d 'Items after which a process is replaced, with --handler lines' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l url -d 'Endpoint that items are posted to, with --handler http' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l http-status -d 'Meaning of a status with --handler http, such as 404=ack or 5xx=retry' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l timeout -d 'Timeout of the command; then its process group is terminated, and the attempt fails' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l timeout-field -d 'Field of a JSON item with its own timeout, in seconds or as a duration; --timeout is the longest' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l kill-after -d 'Time between SIGTERM and SIGKILL for a command that is stopped [default: 5s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l exit -d 'Meaning of an exit status of the command, such as 3=dead or other=retry' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l batch -d 'Items that one call of the handler gets, at most 1000 [default: single items]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l linger -d 'Time that an item waits for others, with --batch [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l separator -d 'End of each item on the stdin of a command, with --batch [default: newline]' -r -f -a "newline\t'A line feed'
nul\t'A NUL byte, as `xargs -0` reads it'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l speed -d 'Factor by which simulated work is sped up' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l seed -d 'Random seed of simulated work; with the same seed, an item takes the same time in every run [default: random]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l lease -d 'Lease duration; items of a consumer that has not renewed for this long are redelivered [default: 30s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-attempts -d 'Failed attempts after which an item is dead-lettered [default: 3]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-crashes -d 'Consumer crashes after which an item is dead-lettered [default: 3]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l backoff -d 'First and longest delay before a retry; it doubles in between [default: 1s..5m]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l max-age -d 'Time for which an item may be retried without spending attempts [default: 1day]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l expire-after -d 'Age, counted from --stamp-field, from which an item is no longer begun' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l expired -d 'Outcome of an item that has expired [default: dead]' -r -f -a "dead\t'The item is dead-lettered'
drop\t'The item is removed'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l dead-letter-limit -d 'Maximum number of dead letters of a list; the oldest beyond it are removed [default: no limit]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l dead-letter-max-age -d 'Time after which a dead letter is removed [default: never]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l metrics -d 'Serve OpenMetrics at http://ADDRESS/metrics; a bare port binds to 127.0.0.1' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l stamp-field -d 'Field of a JSON item with its creation time, for the queue wait metric: RFC 3339, or Unix time in s or ms' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l heartbeat -d 'File to touch every second while the consumer is alive, for the liveness probe `qscale health`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l once -d 'Process one item if one is waiting, then exit'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l pass-redis-env -d 'Let the command inherit variables with a password of Redis, such as REDIS_PASSWORD'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand consume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s l -l list -d 'List to watch; may be repeated [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l every -d 'Interval between samples' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l duration -d 'Stop after this long' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s o -l output -d 'Format of the samples' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l record -d 'Write the samples to a file too, as JSON lines for `watch --replay` and `simulate --against`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l svg -d 'Write the charts to a file at the end, as an SVG image, or PNG where its name ends in .png' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l html -d 'Write the charts and all scaling events to a file at the end, as an HTML page that needs no network' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l cast -d 'Write the dashboard to a file, as an asciicast of 100×28 characters for `asciinema play`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l serve -d 'Serve the dashboard as a read-only web page at http://ADDRESS/; a bare port binds to 127.0.0.1' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l metrics -d 'Serve metrics of lists and pods (OpenMetrics) at http://ADDRESS/metrics; a bare port binds to 127.0.0.1' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l replay -d 'Show a recording, or stdin (-), in place of a list; without a dashboard all at once' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l speed -d 'Factor by which the replay is faster than the real clock [default: as fast as it was recorded]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l stamp-field -d 'JSON field of an item that holds its creation time [default: consume.stamp-field]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l context -d 'Context of the kubeconfig [default: the current one; in a pod, the pod\'s cluster]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s n -l namespace -d 'Namespace of the consumers [default: deploy.namespace of a profile, else that of the context or pod]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l deployment -d 'Deployment of the consumers [default: the one that qscale render writes or scales]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l target -d 'Consumers of another kind: StatefulSet/NAME, ScaledJob/NAME, or with the API version, as in argoproj.io/v1alpha1/Rollout/NAME' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l once -d 'Take one sample and stop; exit status 69 if Redis does not answer, else that of --until-empty or --until-settled'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l until-empty -d 'Stop when the list is empty; exit status 75 if it was not'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l until-settled -d 'Stop when no item is waiting, in flight or delayed, and reconcile the counters: exit status 4 if an item was lost, 75 if the list did not settle'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l plain -d 'Write lines in place of the dashboard on a terminal, too'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "ls" -d 'List dead letters, newest first'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "show" -d 'Show one dead letter in full; exit status 4 if it does not exist'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "requeue" -d 'Push the items of dead letters back to their list without their history, oldest first'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and not __fish_seen_subcommand_from ls show requeue purge" -f -a "purge" -d 'Delete dead letters, oldest first'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l older-than -d 'Only dead letters older than this' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l match -d 'Only dead letters whose item, reason or stderr contains this text' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l limit -d 'Maximum number of dead letters' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s l -l list -d 'List that the items come from; may be repeated [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s o -l output -d 'Format of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l summary -d 'Count dead letters by reason, with the ages of the oldest and the newest of each'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s l -l list -d 'List that the items come from; may be repeated [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s o -l output -d 'Format of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l raw -d 'Write only the bytes of the item to stdout'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l rate -d 'Dead letters requeued per second at most: 10/s, 30/m' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l older-than -d 'Only dead letters older than this' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l match -d 'Only dead letters whose item, reason or stderr contains this text' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l limit -d 'Maximum number of dead letters' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s l -l list -d 'List that the items come from; may be repeated [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s o -l output -d 'Format of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l all -d 'All dead letters: the default of requeue, and required by purge where nothing else selects them'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l dry-run -d 'List the dead letters without changing them'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from requeue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l older-than -d 'Only dead letters older than this' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l match -d 'Only dead letters whose item, reason or stderr contains this text' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l limit -d 'Maximum number of dead letters' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s l -l list -d 'List that the items come from; may be repeated [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s o -l output -d 'Format of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l all -d 'All dead letters: the default of requeue, and required by purge where nothing else selects them'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l dry-run -d 'List the dead letters without changing them'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand dead; and __fish_seen_subcommand_from purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s n -l namespace -d 'Namespace of all objects [default: deploy.namespace]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l image -d 'Container image, with a tag or digest [default: deploy.image]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l keda-version -d 'KEDA version of the cluster; fields unknown to it are rejected [default: scale.keda-version, else 2.20.2]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l only -d 'Write only these objects, such as service,deploy/demo-consumer' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l format -d 'Format of the objects' -r -f -a "yaml\t'YAML documents'
json\t'List object in JSON'"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l out-dir -d 'Write each object to a file in this folder, with a kustomization.yaml for kubectl apply -k' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand render" -l diff -d 'Compare with the files in this folder, as --out-dir would write them; exit status 4 if they differ' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand render" -l schema -d 'Write the JSON Schema of profiles, for editors, or a Markdown reference of all keys' -r -f -a "json\t'JSON Schema, draft 7'
markdown\t'A heading per key'"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l lint -d 'Lint existing manifests, files or folders (- for stdin); exit status 4 on errors' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand render" -l allow -d 'With --check or --lint: silence these rules, such as short-host,image-tag; --rules lists them' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand render" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand render" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand render" -l prune -d 'With --out-dir: delete files of an earlier render that no longer belong to the workload'
complete -c qscale -n "__fish_qscale_using_subcommand render" -l show-profile -d 'Write the effective profile as TOML, with the origin of every value: line, overlay, variable, flag or default'
complete -c qscale -n "__fish_qscale_using_subcommand render" -l rules -d 'Write the lint rules as Markdown: code, severity and description of each'
complete -c qscale -n "__fish_qscale_using_subcommand render" -l check -d 'Validate the profile and lint the objects rendered from it; exit status 4 on errors'
complete -c qscale -n "__fish_qscale_using_subcommand render" -l deny-warnings -d 'With --check or --lint: exit status 4 on warnings too'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l produce -d 'Load pattern, in place of the profile\'s load: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), burst 500' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l produce-file -d 'Load pattern from a CSV file, or stdin (-): one count per second, or lines of `seconds,count`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l duration -d 'Simulated time [default: until all items are processed, at most an hour after the load]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l seed -d 'Random seed; the same seed reproduces the run byte for byte' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l runs -d 'Show the distribution over this many runs, each with a seed and phases of its own' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l work -d 'Simulated work per item, in place of the profile\'s: 2s, 2s..6s, field:NAME' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s l -l list -d 'List to consume; may be repeated, with weights as in critical=6 [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l lists -d 'Lists to consume, separated by commas: critical=6,low=1; the same as --list for each' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l shares -d 'Shares of several lists in the load, as in critical=1,low=9 [default: their weights, or even shares]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l without -d 'Leave out protections of items in flight, to see their effect' -r -f -a "busy\t'Triggers that count the busy consumers'
formula\t'Formula over all triggers'
jobs\t'Jobs, which run to completion, in place of a Deployment'
grace\t'Time for a terminating pod to finish its items'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l with -d 'Add protections of items in flight, to see their effect' -r -f -a "busy\t'Triggers that count the busy consumers'
formula\t'Formula over all triggers'
jobs\t'Jobs, which run to completion, in place of a Deployment'
grace\t'Time for a terminating pod to finish its items'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s o -l output -d 'Format of the result' -r -f -a "text\t'Chart, scaling events and summary'
json\t'One JSON object per line'
csv\t'One row per sample'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l start -d 'Time of the first sample (RFC 3339)' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l svg -d 'Write the chart as an SVG image too, or PNG where its name ends in .png' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l html -d 'Write the chart and all scaling events as an HTML page too, which needs no network' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l speed -d 'Factor by which the run is played faster than it would be' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l cast -d 'Write the dashboard to a file too, as an asciicast of 100×28 characters for `asciinema play`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l serve -d 'Serve the dashboard as a read-only web page at http://ADDRESS/; a bare port binds to 127.0.0.1' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l from -d 'Show chart, scaling events and samples from this time on' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l to -d 'Show chart, scaling events and samples up to this time' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l target-wait -d 'Propose settings that meet this target wait, such as p95=60s, and verify them' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l against -d 'Compare the model with a recording, or with stdin (-)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l start-time -d 'Time from the creation of a pod to the start of its container, in place of the profile\'s [default: 1s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l boot-time -d 'Time from the start of a container to its first item, in place of the profile\'s [default: 1s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l poll-phase -d 'Time of KEDA\'s first poll, at most the polling interval [default: drawn from the seed]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l sync-phase -d 'Time of the HPA\'s first sync, at most 15s [default: drawn from the seed]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l initial-replicas -d 'Pods or Jobs at the start [default: the minimum]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l play -d 'Play the run on the dashboard of `qscale watch`'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l chart -d 'Show the chart alone, as large as the screen'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l log-axis -d 'Draw the backlog on a logarithmic scale, which shows few items next to many'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -l all-events -d 'Show all scaling events, not only the first 30 and the last 10'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l redis -d 'Use this Redis, with a new list, in place of a private one' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l consumers -d 'Maximum number of consumers [default: scale.max-replica-count]' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s n -l count -d 'Items to push [default: all items of the load, or six of its batches]' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l pattern -d 'Load pattern, in place of the profile\'s load: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), burst 500' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s w -l work -d 'Simulated work per item, in place of the profile\'s command or work: 2s, 2s..6s, field:NAME' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l kill -d 'Kill a consumer (SIGKILL) during this share of the items' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l seed -d 'Random seed of arrival times, payloads, simulated work and kills; the same seed repeats a run, but for the timing of its processes [default: random]' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l speed -d 'Factor by which load, work, KEDA and the HPA run faster than in the profile' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s o -l output -d 'Format of the samples on stdout' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l record -d 'Write the samples to a file too, as JSON lines for `watch --replay` and `simulate --against`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l svg -d 'Write the charts to a file at the end, as an SVG image, or PNG where its name ends in .png' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l html -d 'Write the charts and all scaling events to a file at the end, as an HTML page that needs no network' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l cast -d 'Write the dashboard to a file, as an asciicast of 100×28 characters for `asciinema play`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l serve -d 'Serve the dashboard as a read-only web page at http://ADDRESS/; a bare port binds to 127.0.0.1' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l supervise -d 'Folder of the demo to supervise' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l server -d 'Program of the private Redis' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l list -d 'Lists to delete on the Redis of REDIS_URL' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand demo" -l plain -d 'Write lines in place of the dashboard on a terminal, too'
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand init" -l from -d 'Profile to start from' -r -f -a "demo\t'The built-in profile: simulated work, and a Redis without a password in the cluster'
worker\t'A command of your own per item, such as a Python or Node program'
sidecar\t'A web service that items are posted to, as a sidecar of the consumers'
managed-redis\t'TLS, an ACL user, and credentials in a Secret'
events\t'A ScaledJob: one Job per item'
tuned\t'Settings of KEDA and the HPA for a known workload'"
complete -c qscale -n "__fish_qscale_using_subcommand init" -s o -l output -d 'File to write, or - for stdout' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand init" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand init" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand init" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand init" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand init" -l force -d 'Replace the file if it exists'
complete -c qscale -n "__fish_qscale_using_subcommand init" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand init" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -s l -l list -d 'List to examine; may be repeated [default: mylist]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -s o -l output -d 'Format of the result' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l context -d 'Context of the kubeconfig [default: the current one; in a pod, the pod\'s cluster]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -s n -l namespace -d 'Namespace of the consumers [default: deploy.namespace of a profile, else that of the context or pod]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l deployment -d 'Deployment of the consumers [default: the one that qscale render writes or scales]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l target -d 'Consumers of another kind: StatefulSet/NAME, ScaledJob/NAME, or with the API version, as in argoproj.io/v1alpha1/Rollout/NAME' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l keda-namespace -d 'Namespace of KEDA' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l redis -d 'Redis URL: redis://, rediss:// (TLS) or unix://' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l host -d 'Host name or IP address [default: localhost]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l port -d 'Port [default: 6379]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l addresses -d 'Cluster nodes or sentinels in place of host and port: a:6379,b:6379' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l mode -d 'Deployment mode: single, cluster or sentinel [default: single]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l sentinel-master -d 'Name of the master that the sentinels monitor' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l sentinel-username -d 'ACL user of the sentinels [default: default]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l sentinel-password-file -d 'File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the password of Redis]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l username -d 'ACL user' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l password-file -d 'File that holds the password; REDIS_PASSWORD holds the password itself' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l db -d 'Database index [default: 0]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l tls-ca -d 'CA certificates (PEM) to trust in place of the system\'s' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l tls-cert -d 'Client certificate (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l tls-key -d 'Client key (PEM)' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l tls-server-name -d 'Name to expect in the server certificate, where it differs from the host' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l connect-timeout -d 'Timeout of one connection attempt [default: 4s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l connect-for -d 'Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l reconnect-for -d 'Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l codes -d 'Print the list of codes as Markdown, and exit'
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l no-cluster -d 'Examine Redis only, even where a cluster is configured'
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l tls -d 'Use TLS'
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -l tls-skip-verify -d 'Skip certificate verification (insecure: allows man-in-the-middle attacks)'
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l out-dir -d 'Folder to write to, in place of stdout; required for `man`' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand completions" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c qscale -n "__fish_qscale_using_subcommand health" -l heartbeat -d 'Heartbeat file of the consumer' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand health" -l max-age -d 'Maximum age of the last heartbeat [default: 30s]' -r
complete -c qscale -n "__fish_qscale_using_subcommand health" -s p -l profile -d 'Profile of the workload (TOML) [default: ./qscale.toml if present, else built in]' -r -F
complete -c qscale -n "__fish_qscale_using_subcommand health" -l env -d 'Profile overlay: apply the tables under [env.NAME]' -r
complete -c qscale -n "__fish_qscale_using_subcommand health" -l log -d 'Format of the log on stderr' -r -f -a "text\t'Human-readable text'
json\t'One JSON object per line'"
complete -c qscale -n "__fish_qscale_using_subcommand health" -l color -d 'When to color output and log [env: NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c qscale -n "__fish_qscale_using_subcommand health" -s v -l verbose -d 'Log more: the origin of each setting, every connection attempt'
complete -c qscale -n "__fish_qscale_using_subcommand health" -s q -l quiet -d 'Log only warnings and errors'
complete -c qscale -n "__fish_qscale_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
