
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'qscale' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'qscale'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'qscale' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('produce', 'produce', [CompletionResultType]::ParameterValue, 'Fill the list, in shape and at the rate you ask, or from a file or a pipe')
            [CompletionResult]::new('consume', 'consume', [CompletionResultType]::ParameterValue, 'Work the list: run a command for each item, simulate work, or hand each item on as a line')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch the list grow and shrink, and the pods that work it')
            [CompletionResult]::new('render', 'render', [CompletionResultType]::ParameterValue, 'Write the profile as Kubernetes objects, for kubectl apply -f -')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'See the whole loop on this machine: items pushed, worked by several consumers, and counted')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Write the completion script of a shell to stdout')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Say whether the consumer that touches a file still does')
            break
        }
        'qscale;produce' {
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'The list to push to [env: LIST_NAME] [default: mylist]')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'The list to push to [env: LIST_NAME] [default: mylist]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Items a batch; each batch is one LPUSH [default: 50; 500 when nothing paces them]')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Items a batch; each batch is one LPUSH [default: 50; 500 when nothing paces them]')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'From the start of one batch to the start of the next; 0s is as fast as Redis takes them')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Items per second, in place of --every: 200, 30/m or max')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after this many items')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after this many items')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Stop after this long')
            [CompletionResult]::new('--payload', '--payload', [CompletionResultType]::ParameterName, 'What the items hold; {int:0..49} {seq} {time} {unix} {id} {text:100} are filled in, JSON stays JSON')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Push the lines of a file, or of stdin for -, byte for byte')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Push the lines of a file, or of stdin for -, byte for byte')
            [CompletionResult]::new('--max-backlog', '--max-backlog', [CompletionResultType]::ParameterName, 'Wait while the list is longer than this')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Fill the template in the same way every time')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The form of the result on stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The form of the result on stdout')
            [CompletionResult]::new('--redis', '--redis', [CompletionResultType]::ParameterName, 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Host name or IP address [env: REDIS_HOST] [default: localhost]')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port [env: REDIS_PORT] [default: 6379]')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'ACL user [env: REDIS_USERNAME]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Database index [env: REDIS_DB] [default: 0]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'Certificates (PEM) to trust in place of the system''s [env: REDIS_TLS_CA]')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'Client certificate (PEM) [env: REDIS_TLS_CERT]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Client key (PEM) [env: REDIS_TLS_KEY]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'Name the server''s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long one attempt to connect may take [default: 4s]')
            [CompletionResult]::new('--reconnect-for', '--reconnect-for', [CompletionResultType]::ParameterName, 'How long a lost connection is tried for [default: 1m in produce, else for ever]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'Items in the input end with NUL, not with a newline')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Items in the input end with NUL, not with a newline')
            [CompletionResult]::new('--echo', '--echo', [CompletionResultType]::ParameterName, 'Log every item')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'Speak TLS [env: REDIS_TLS]')
            [CompletionResult]::new('--tls-skip-verify', '--tls-skip-verify', [CompletionResultType]::ParameterName, 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'qscale;consume' {
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'The list to work [env: LIST_NAME] [default: mylist]')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'The list to work [env: LIST_NAME] [default: mylist]')
            [CompletionResult]::new('--delivery', '--delivery', [CompletionResultType]::ParameterName, 'How surely an item is worked [default: at-least-once]')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'How many items are worked at a time [default: 1]')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'How many items are worked at a time [default: 1]')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'What to do with an item: wait 2s or 2s..6s; wait as many seconds as a field of its JSON says (field:wait); or write it to stdout as a line (none) [default: none]')
            [CompletionResult]::new('--work', '--work', [CompletionResultType]::ParameterName, 'What to do with an item: wait 2s or 2s..6s; wait as many seconds as a field of its JSON says (field:wait); or write it to stdout as a line (none) [default: none]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long the command may take; then it is ended with all it started, and the attempt has failed')
            [CompletionResult]::new('--kill-after', '--kill-after', [CompletionResultType]::ParameterName, 'How long a command that was told to end may take until it is killed [default: 5s]')
            [CompletionResult]::new('--exit', '--exit', [CompletionResultType]::ParameterName, 'What an exit status of the command says of its item, such as 3=dead or other=retry: ack, dead, retry (no attempt is spent), fail (one is) or stop; may be repeated [default: 0=ack 65=dead 75=retry 126=stop 127=stop other=fail]')
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'How many times faster than --work says an item is worked')
            [CompletionResult]::new('--max-items', '--max-items', [CompletionResultType]::ParameterName, 'Stop after this many items')
            [CompletionResult]::new('--idle-exit', '--idle-exit', [CompletionResultType]::ParameterName, 'End when nothing has come for this long')
            [CompletionResult]::new('--drain', '--drain', [CompletionResultType]::ParameterName, 'How long items in work may take after SIGTERM; what is unfinished then goes back to the list [default: 30s]')
            [CompletionResult]::new('--lease', '--lease', [CompletionResultType]::ParameterName, 'How long a consumer that is not heard of keeps what it holds [default: 30s]')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How many failed attempts make a dead letter [default: 3]')
            [CompletionResult]::new('--max-crashes', '--max-crashes', [CompletionResultType]::ParameterName, 'How many deaths of its consumer make a dead letter [default: 3]')
            [CompletionResult]::new('--backoff', '--backoff', [CompletionResultType]::ParameterName, 'The first pause before another attempt, and the longest; it doubles between [default: 1s..5m]')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How long an item may ask for another try without spending attempts [default: 1day]')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Serve figures (OpenMetrics) at /metrics of this address; a port alone is one of the loopback [default: not at all]')
            [CompletionResult]::new('--stamp-field', '--stamp-field', [CompletionResultType]::ParameterName, 'The field of a JSON item that says when it was made, for the queue wait among the figures: RFC 3339, or seconds or milliseconds since 1970')
            [CompletionResult]::new('--heartbeat', '--heartbeat', [CompletionResultType]::ParameterName, 'Touch this file every second as long as the consumer turns')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The form of the result: text goes to the log, json to stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The form of the result: text goes to the log, json to stdout')
            [CompletionResult]::new('--redis', '--redis', [CompletionResultType]::ParameterName, 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Host name or IP address [env: REDIS_HOST] [default: localhost]')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port [env: REDIS_PORT] [default: 6379]')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'ACL user [env: REDIS_USERNAME]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Database index [env: REDIS_DB] [default: 0]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'Certificates (PEM) to trust in place of the system''s [env: REDIS_TLS_CA]')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'Client certificate (PEM) [env: REDIS_TLS_CERT]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Client key (PEM) [env: REDIS_TLS_KEY]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'Name the server''s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long one attempt to connect may take [default: 4s]')
            [CompletionResult]::new('--reconnect-for', '--reconnect-for', [CompletionResultType]::ParameterName, 'How long a lost connection is tried for [default: 1m in produce, else for ever]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Work one item if there is one, then end')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'Speak TLS [env: REDIS_TLS]')
            [CompletionResult]::new('--tls-skip-verify', '--tls-skip-verify', [CompletionResultType]::ParameterName, 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'qscale;watch' {
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Look this often')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after this long')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The form of the samples')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The form of the samples')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'The list to watch [env: LIST_NAME] [default: mylist]')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'The list to watch [env: LIST_NAME] [default: mylist]')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'The kubeconfig''s context to look in [default: its current one; in a pod, the pod''s cluster]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'The Deployment''s namespace [default: the profile''s, else the context''s]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'The Deployment''s namespace [default: the profile''s, else the context''s]')
            [CompletionResult]::new('--deployment', '--deployment', [CompletionResultType]::ParameterName, 'The consumers'' Deployment [default: as qscale render names it]')
            [CompletionResult]::new('--redis', '--redis', [CompletionResultType]::ParameterName, 'Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Host name or IP address [env: REDIS_HOST] [default: localhost]')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port [env: REDIS_PORT] [default: 6379]')
            [CompletionResult]::new('--username', '--username', [CompletionResultType]::ParameterName, 'ACL user [env: REDIS_USERNAME]')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'Database index [env: REDIS_DB] [default: 0]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'Certificates (PEM) to trust in place of the system''s [env: REDIS_TLS_CA]')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'Client certificate (PEM) [env: REDIS_TLS_CERT]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Client key (PEM) [env: REDIS_TLS_KEY]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'Name the server''s certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long one attempt to connect may take [default: 4s]')
            [CompletionResult]::new('--reconnect-for', '--reconnect-for', [CompletionResultType]::ParameterName, 'How long a lost connection is tried for [default: 1m in produce, else for ever]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('--until-empty', '--until-empty', [CompletionResultType]::ParameterName, 'Stop as soon as the list is empty; exit status 75 when that does not come first')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'Speak TLS [env: REDIS_TLS]')
            [CompletionResult]::new('--tls-skip-verify', '--tls-skip-verify', [CompletionResultType]::ParameterName, 'Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'qscale;render' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace of all objects [default: deploy.namespace]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace of all objects [default: deploy.namespace]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'Container image, with a tag or digest [default: deploy.image]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'qscale;demo' {
            [CompletionResult]::new('--redis', '--redis', [CompletionResultType]::ParameterName, 'Use this Redis, on a list of its own, in place of a private one')
            [CompletionResult]::new('--consumers', '--consumers', [CompletionResultType]::ParameterName, 'How many consumers work [default: the profile''s max-replica-count]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many items are pushed [default: three of the profile''s batches]')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'How many items are pushed [default: three of the profile''s batches]')
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'How many times faster than in the profile an item is worked')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The form of the readout on stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The form of the readout on stdout')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'qscale;completions' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and every try to connect')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'qscale;health' {
            [CompletionResult]::new('--heartbeat', '--heartbeat', [CompletionResultType]::ParameterName, 'The file that the consumer touches')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How long ago that may be [default: 30s]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'TOML file that describes the workload [env: QSCALE_PROFILE] [default: ./qscale.toml if there, else built in]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'The form of the log on stderr')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour in output and log [env: NO_COLOR, CLICOLOR_FORCE]')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and the whole of an error')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: where each setting comes from, and the whole of an error')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
