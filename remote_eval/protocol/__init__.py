"""The signalling protocol of the evaluation room (docs/spec/signalling.md), without sockets, tasks or clocks.

`messages` reads frames of clients, `session` keeps one member's connection and its answers, `views` renders
what a member may see. Deciding is `remote_eval.room`, rights are `remote_eval.isolation`.
"""
