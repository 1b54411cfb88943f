# phantomrun completion for bash, as printed by: phantomrun completion bash

_phantomrun_providers='ai21 airtable algolia amqp anthropic anthropic-foundry anthropic-vertex apify assemblyai aws aws-bedrock azure-entra azure-openai braintrust browserbase cartesia cerebras cloudflare cohere dashscope databricks datadog deepgram digitalocean discord dropbox e2b elevenlabs exa fal firecrawl fireworks fly github gitlab google-gemini google-vertex groq huggingface langfuse langsmith linear mistral mongodb mysql netlify notion nvidia-nim openai openrouter perplexity pinecone postgres redis replicate resend runpod runway sendgrid sentry serpapi slack stripe supabase tavily telegram together twilio upstash-redis upstash-vector vercel vercel-ai-gateway voyage wandb writer xai'
_phantomrun_verbs='run exec x init set import list ls get rm mv passwd check doctor providers demo completion help'

_phantomrun_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_phantomrun_of() {
    case $1 in
        files) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null ;;
        directories) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null ;;
        providers) _phantomrun_words "$_phantomrun_providers" ;;
        verbs) _phantomrun_words "$_phantomrun_verbs" ;;
        anything) COMPREPLY=() ;;
        *) _phantomrun_words "$1" ;;
    esac
}

# What the option $2 of the verb $1 takes; nothing for a flag.
_phantomrun_taken() {
    case "$1 $2" in
        'run -o'|'run --only'|'exec -o'|'exec --only'|'x -o'|'x --only') echo 'anything' ;;
        'run -x'|'run --except'|'exec -x'|'exec --except'|'x -x'|'x --except') echo 'anything' ;;
        'run --env-file'|'exec --env-file'|'x --env-file') echo 'files' ;;
        'init --key-file') echo 'files' ;;
        'set --upstream') echo 'anything' ;;
        'set --ca-file') echo 'files' ;;
        'set --provider') echo 'providers' ;;
        'import --from') echo 'dotenv json env' ;;
        'passwd --key-file') echo 'files' ;;
        *' -p'|*' --profile') echo 'anything' ;;
        *' -C') echo 'directories' ;;
        *' --config') echo 'files' ;;
        *' --color') echo 'auto always never' ;;
    esac
}

_phantomrun_options() {
    case $1 in
        '') echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help -V --version' ;;
        run|exec|x) echo '-o --only -x --except --env-file --clean-env --if-configured --dry-run -p --profile -C --config -q --quiet -v --verbose --color -n --no-input -h --help' ;;
        init) echo '--key-file -p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        set) echo '--upstream --ca-file --provider -p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        import) echo '--from --dry-run --replace --rewrite --no-rewrite -y --yes -p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        list|ls) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        get) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        rm) echo '-y --yes -p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        mv) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        passwd) echo '--key-file -p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        check) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        doctor) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        providers) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        demo) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        completion) echo '--install -p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
        help) echo '-p --profile -C --config -q --quiet -v --verbose --color -n --no-input --json -h --help' ;;
    esac
}

_phantomrun_positional() {
    case $1 in
        import) echo 'files' ;;
        providers) echo 'providers' ;;
        completion) echo 'bash zsh fish' ;;
        help) echo 'verbs' ;;
    esac
}

# Everything from word $1 on is a command line of its own.
_phantomrun_inner() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        COMPREPLY=($(compgen -c -- "$cur"))
    else
        COMPREPLY=($(compgen -f -- "$cur"))
        compopt -o filenames 2>/dev/null
    fi
}

_phantomrun() {
    local cur prev verb='' inner='' word i taken
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == -- ]]; then
            _phantomrun_inner $((i + 1))
            return
        fi
        if [[ $word == -* ]]; then
            [[ -n $(_phantomrun_taken "$verb" "$word") && ${COMP_WORDS[i + 1]} != = ]] && ((i++))
        elif [[ $word == = ]]; then
            ((i++))
        elif [[ -n $inner ]]; then
            _phantomrun_inner "$i"
            return
        elif [[ -z $verb ]]; then
            verb=$word
            case $verb in
                run|exec|x) inner=yes ;;
            esac
        fi
    done
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    taken=$(_phantomrun_taken "$verb" "$prev")
    if [[ -n $taken && $prev == -* ]]; then
        _phantomrun_of "$taken"
    elif [[ $cur == -* ]]; then
        _phantomrun_words "$(_phantomrun_options "$verb")"
    elif [[ -n $inner ]]; then
        _phantomrun_inner "$COMP_CWORD"
    elif [[ -z $verb ]]; then
        _phantomrun_words "$_phantomrun_verbs"
    else
        taken=$(_phantomrun_positional "$verb")
        [[ -n $taken ]] && _phantomrun_of "$taken"
    fi
}

complete -F _phantomrun phantomrun
