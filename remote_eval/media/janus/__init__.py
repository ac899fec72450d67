"""The engine `janus`: the port of `remote_eval.media.engine` over a Janus 1.1 gateway's VideoRoom."""
