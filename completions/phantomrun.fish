# phantomrun completion for fish, as printed by: phantomrun completion fish

set -g __phantomrun_valued --ca-file --color --config --env-file --except --from --key-file --only --profile --provider --upstream -C -o -p -x

# Prints the verb, or -- where the inner command begins, and after it that command's words.
function __phantomrun_split
    set -l words (commandline -opc)
    set -l verb ''
    set -l at 2
    while test $at -le (count $words)
        set -l word $words[$at]
        set at (math $at + 1)
        if test "$word" = --
            printf '%s\n' -- $words[$at..-1]
            return
        else if string match -q -- '-*' $word
            contains -- $word $__phantomrun_valued; and set at (math $at + 1)
        else if contains -- "$verb" run exec x
            printf '%s\n' -- $words[(math $at - 1)..-1]
            return
        else if test -z "$verb"
            set verb $word
        end
    end
    echo $verb
end

function __phantomrun_at
    set -l found (__phantomrun_split)
    contains -- "$found[1]" $argv
end

function __phantomrun_inner
    set -l found (__phantomrun_split)
    if test "$found[1]" = --
        set -l typed (string escape -- $found[2..-1]) (commandline -ct)
        complete "-C"(string join -- ' ' $typed)
    else
        complete "-C"(commandline -ct)
    end
end

complete -c phantomrun -f
complete -c phantomrun -n '__phantomrun_at -- run exec x' -a '(__phantomrun_inner)'
complete -c phantomrun -n "__phantomrun_at ''" -a run -d 'Run a command with phantoms'
complete -c phantomrun -n "__phantomrun_at ''" -a init -d 'Create the vault'
complete -c phantomrun -n "__phantomrun_at ''" -a set -d 'Add or replace a secret'
complete -c phantomrun -n "__phantomrun_at ''" -a import -d 'Move secrets from a .env file, JSON or the environment'
complete -c phantomrun -n "__phantomrun_at ''" -a list -d 'Show the secrets\' names and where they may go'
complete -c phantomrun -n "__phantomrun_at ''" -a get -d 'Show one secret\'s value, on a terminal only'
complete -c phantomrun -n "__phantomrun_at ''" -a rm -d 'Remove secrets'
complete -c phantomrun -n "__phantomrun_at ''" -a mv -d 'Rename a secret'
complete -c phantomrun -n "__phantomrun_at ''" -a passwd -d 'Change the passphrase or the key file'
complete -c phantomrun -n "__phantomrun_at ''" -a check -d 'Tell whether the project\'s secrets are all there'
complete -c phantomrun -n "__phantomrun_at ''" -a doctor -d 'Look for what is wrong here, and say how to mend it'
complete -c phantomrun -n "__phantomrun_at ''" -a providers -d 'Show which services are known, and how they are reached'
complete -c phantomrun -n "__phantomrun_at ''" -a demo -d 'Show the whole trick with a throwaway vault'
complete -c phantomrun -n "__phantomrun_at ''" -a completion -d 'Print or install completion for a shell'
complete -c phantomrun -n "__phantomrun_at ''" -a help -d 'Explain a verb, or a code such as PR-NOVAULT'
complete -c phantomrun -n "__phantomrun_at ''" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at ''" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at ''" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at ''" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at ''" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at ''" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at ''" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at ''" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at ''" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at ''" -s V -l version -d 'Show the version'
complete -c phantomrun -n "__phantomrun_at run exec x" -s o -l only -d 'Only these secrets' -r -f
complete -c phantomrun -n "__phantomrun_at run exec x" -s x -l except -d 'All but these secrets' -r -f
complete -c phantomrun -n "__phantomrun_at run exec x" -l env-file -d 'Variables that are no secrets' -r -F
complete -c phantomrun -n "__phantomrun_at run exec x" -l clean-env -d 'Hand on only harmless variables, by name'
complete -c phantomrun -n "__phantomrun_at run exec x" -l if-configured -d 'Without a project file, just run CMD'
complete -c phantomrun -n "__phantomrun_at run exec x" -l dry-run -d 'Say what CMD would get, and do not start it'
complete -c phantomrun -n "__phantomrun_at run exec x" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at run exec x" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at run exec x" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at run exec x" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at run exec x" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at run exec x" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at run exec x" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at run exec x" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at init" -l key-file -d 'Make a key file there, instead of a passphrase' -r -F
complete -c phantomrun -n "__phantomrun_at init" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at init" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at init" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at init" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at init" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at init" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at init" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at init" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at init" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at set" -l upstream -d 'What the SDK\'s base-URL variable would hold' -r -f
complete -c phantomrun -n "__phantomrun_at set" -l ca-file -d 'Certificates to trust there, beside the system\'s' -r -F
complete -c phantomrun -n "__phantomrun_at set" -l provider -d 'Whose secret it is, if its name does not tell' -r -a 'ai21 airtable algolia amqp anthropic anthropic-foundry anthropic-vertex apify assemblyai aws aws-bedrock azure-entra azure-openai braintrust browserbase cartesia cerebras cloudflare cohere dashscope databricks datadog deepgram digitalocean discord dropbox e2b elevenlabs exa fal firecrawl fireworks fly github gitlab google-gemini google-vertex groq huggingface langfuse langsmith linear mistral mongodb mysql netlify notion nvidia-nim openai openrouter perplexity pinecone postgres redis replicate resend runpod runway sendgrid sentry serpapi slack stripe supabase tavily telegram together twilio upstash-redis upstash-vector vercel vercel-ai-gateway voyage wandb writer xai'
complete -c phantomrun -n "__phantomrun_at set" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at set" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at set" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at set" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at set" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at set" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at set" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at set" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at set" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at import" -l from -d 'dotenv, json, or env: the current environment' -r -a 'dotenv json env'
complete -c phantomrun -n "__phantomrun_at import" -l dry-run -d 'Only show what would be done'
complete -c phantomrun -n "__phantomrun_at import" -l replace -d 'Take values that the vault has otherwise'
complete -c phantomrun -n "__phantomrun_at import" -l rewrite -l no-rewrite -d 'Put placeholders into the file, or leave it, without asking'
complete -c phantomrun -n "__phantomrun_at import" -s y -l yes -d 'The same as --rewrite'
complete -c phantomrun -n "__phantomrun_at import" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at import" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at import" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at import" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at import" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at import" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at import" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at import" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at import" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at import" -F
complete -c phantomrun -n "__phantomrun_at list ls" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at list ls" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at list ls" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at list ls" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at list ls" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at list ls" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at list ls" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at list ls" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at list ls" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at get" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at get" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at get" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at get" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at get" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at get" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at get" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at get" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at get" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at rm" -s y -l yes -d 'Do not ask'
complete -c phantomrun -n "__phantomrun_at rm" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at rm" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at rm" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at rm" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at rm" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at rm" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at rm" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at rm" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at rm" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at mv" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at mv" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at mv" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at mv" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at mv" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at mv" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at mv" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at mv" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at mv" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at passwd" -l key-file -d 'Unlock by a new key file from now on' -r -F
complete -c phantomrun -n "__phantomrun_at passwd" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at passwd" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at passwd" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at passwd" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at passwd" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at passwd" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at passwd" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at passwd" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at passwd" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at check" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at check" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at check" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at check" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at check" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at check" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at check" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at check" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at check" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at doctor" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at doctor" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at doctor" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at doctor" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at doctor" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at doctor" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at doctor" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at doctor" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at doctor" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at providers" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at providers" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at providers" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at providers" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at providers" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at providers" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at providers" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at providers" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at providers" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at providers" -a 'ai21 airtable algolia amqp anthropic anthropic-foundry anthropic-vertex apify assemblyai aws aws-bedrock azure-entra azure-openai braintrust browserbase cartesia cerebras cloudflare cohere dashscope databricks datadog deepgram digitalocean discord dropbox e2b elevenlabs exa fal firecrawl fireworks fly github gitlab google-gemini google-vertex groq huggingface langfuse langsmith linear mistral mongodb mysql netlify notion nvidia-nim openai openrouter perplexity pinecone postgres redis replicate resend runpod runway sendgrid sentry serpapi slack stripe supabase tavily telegram together twilio upstash-redis upstash-vector vercel vercel-ai-gateway voyage wandb writer xai'
complete -c phantomrun -n "__phantomrun_at demo" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at demo" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at demo" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at demo" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at demo" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at demo" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at demo" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at demo" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at demo" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at completion" -l install -d 'Write it to where the shell looks'
complete -c phantomrun -n "__phantomrun_at completion" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at completion" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at completion" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at completion" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at completion" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at completion" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at completion" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at completion" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at completion" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at completion" -a 'bash zsh fish'
complete -c phantomrun -n "__phantomrun_at help" -s p -l profile -d 'The project file\'s profile' -r -f
complete -c phantomrun -n "__phantomrun_at help" -s C -d 'Work as if started in DIR' -r -a '(__fish_complete_directories)'
complete -c phantomrun -n "__phantomrun_at help" -l config -d 'The project file, instead of the nearest .phantomrun.toml' -r -F
complete -c phantomrun -n "__phantomrun_at help" -s q -l quiet -d 'Only failures, and what was asked for'
complete -c phantomrun -n "__phantomrun_at help" -s v -l verbose -d 'Say more'
complete -c phantomrun -n "__phantomrun_at help" -l color -d 'auto, always or never' -r -a 'auto always never'
complete -c phantomrun -n "__phantomrun_at help" -s n -l no-input -d 'Never ask'
complete -c phantomrun -n "__phantomrun_at help" -l json -d 'One JSON object per line, from verbs that read'
complete -c phantomrun -n "__phantomrun_at help" -s h -l help -d 'Show this page'
complete -c phantomrun -n "__phantomrun_at help" -a 'run exec x init set import list ls get rm mv passwd check doctor providers demo completion help'
