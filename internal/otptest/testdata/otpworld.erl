%% The real OTP's side of the comparison: plays cases, which come in as terms, one a line, and prints what it saw.
%%
%%   {Id, Top, Boot, Events, Raw}.
%%   Sup   = {sup, Name, Strategy, MaxRestarts, AutoShutdown, [Child]}
%%   Child = {Name, Restart, Shutdown, Significant, {work, Manner, Ms} | Sup}
%%
%% After each event it waits until the tree is at rest, without a sleep: see look/1. It answers with one line an event,
%% "result|what happened|who is in the table", and a line with a dot.
-module(otpworld).
-export([main/0, init/1, start_worker/2, worker/3]).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    ets:new(names, [named_table, public]),  % name -> pid, of supervisors and workers
    ets:new(fails, [named_table, public]),  % name -> how many starts will fail
    register(scribe, spawn_link(fun() -> scribe([], #{}) end)),
    io:format("ready ~s ~s~n", [erlang:system_info(otp_release), stdlib()]),
    loop().

stdlib() ->
    {_, _, V} = lists:keyfind(stdlib, 1, application:loaded_applications()),
    V.

loop() ->
    case io:get_line('') of
        eof -> halt(0);
        Line ->
            {ok, Tokens, _} = erl_scan:string(Line),
            {ok, {Id, Top, Boot, Events, Raw}} = erl_parse:parse_term(Tokens),
            put(raw, Raw),
            io:put_chars([integer_to_list(Id), $\n, play(Top, Boot, Events), ".\n"]),
            loop()
    end.

%% ---- one case

play(Top, Boot, Events) ->
    ets:delete_all_objects(names),
    ets:delete_all_objects(fails),
    [event(E) || E <- Boot],
    case supervisor:start_link(?MODULE, Top) of
        {ok, Root} ->
            [step("ok", Root) | events(Root, Events)];
        {error, _} ->
            receive {'EXIT', _, _} -> ok end,
            [line("failed", "dead")]
    end.

events(Root, []) ->
    case is_process_alive(Root) of
        true ->
            exit(Root, shutdown),
            receive {'EXIT', Root, _} -> ok end,
            [line("ok", "dead")];
        false -> []
    end;
events(Root, [E | Rest]) ->
    case is_process_alive(Root) of
        true ->
            Result = try event(E) catch exit:_ -> noproc end,
            [step(atom_to_list(Result), Root) | events(Root, Rest)];
        false -> []
    end.

step(Result, Root) -> line(Result, rest(Root)).

line(Result, Table) -> [Result, $|, lists:join($\s, told(take)), $|, Table, $\n].

event({leave, Name, Reason}) ->
    case ets:lookup(names, Name) of
        [{_, Pid}] ->
            Ref = monitor(process, Pid),
            case Reason of
                killed -> exit(Pid, kill);
                struck -> exit(Pid, crash);
                dismissed -> exit(Pid, shutdown);
                _ -> Pid ! {leave, reason(Reason)}
            end,
            receive
                {'DOWN', Ref, _, _, noproc} -> noproc;
                {'DOWN', Ref, _, _, _} -> ok
            after 60000 -> stays_alive % a mistake in the tale
            end;
        [] -> noproc
    end;
event({fail, Name, Times}) -> fail(Name, Times), ok;
event(mend) -> ets:delete_all_objects(fails), ok;
event({insert, Sup, Child}) ->
    case supervisor:start_child(pid(Sup), spec(Child)) of
        {ok, _} -> ok;
        {error, already_present} -> taken;
        {error, {already_started, _}} -> taken;
        {error, _} -> failed
    end;
event({kill, Sup, Name}) -> event({terminate, Sup, Name});
event({terminate, Sup, Name}) -> answer(supervisor:terminate_child(pid(Sup), Name));
event({restart, Sup, Name}) -> answer(supervisor:restart_child(pid(Sup), Name));
event({bounce, Sup, Name}) -> % a restart by order of what runs: OTP has no verb for it
    get(raw) orelse ets:delete_all_objects(fails), % whether its start may fail
    case supervisor:terminate_child(pid(Sup), Name) of
        ok -> event({restart, Sup, Name});
        {error, not_found} -> unknown
    end;
event({remove, Sup, Name}) ->
    case supervisor:terminate_child(pid(Sup), Name) of
        ok -> supervisor:delete_child(pid(Sup), Name), ok; % not_found if it was temporary
        {error, not_found} -> unknown
    end.

answer(ok) -> ok;
answer({ok, _}) -> ok;
answer({error, running}) -> running;
answer({error, restarting}) -> running;
answer({error, not_found}) -> unknown;
answer({error, _}) -> failed.

pid(Name) ->
    case ets:lookup(names, Name) of
        [{_, Pid}] -> Pid;
        [] -> exit(noproc)
    end.

reason(shutdown_with) -> {shutdown, why};
reason(R) -> R.

fail(Name, Times) -> ets:insert(fails, {Name, Times}).

%% ---- at rest

%% rest returns the table once nothing is under way any more. There is no need to wait for anything but the supervisors:
%% each is asked with a call, which it answers after all that came before, and when it is done with that. Something that
%% it was not told yet shows in its answer: a child that is dead but in the table as alive, or one to be restarted.
rest(Root) -> rest(Root, 1000000).

rest(Root, 0) -> io_lib:format("no rest in sight: ~0p", [catch look(top, Root)]);
rest(Root, N) ->
    receive
        {'EXIT', Root, _} -> "dead"
    after 0 ->
        try look(top, Root) catch _:_ -> erlang:yield(), rest(Root, N - 1) end
    end.

look(Name, Sup) ->
    Kids = [kid(K) || K <- lists:reverse(supervisor:which_children(Sup))],
    [atom_to_list(Name), ${, lists:join($\s, Kids), $}].

kid({Name, undefined, _, _}) -> [atom_to_list(Name), $-];
kid({_, restarting, _, _}) -> throw(busy);
kid({Name, Pid, Kind, _}) ->
    true = is_process_alive(Pid),
    case Kind of
        worker -> atom_to_list(Name);
        supervisor -> look(Name, Pid)
    end.

%% ---- the tree

init({sup, Name, Strategy, Max, Auto, Kids}) ->
    ets:insert(names, {Name, self()}),
    Flags = #{strategy => Strategy, intensity => Max, period => 1000000, auto_shutdown => Auto},
    {ok, {Flags, [spec(K) || K <- Kids]}}.

spec({Name, Restart, Shutdown, Significant, What}) ->
    #{id => Name, restart => Restart, shutdown => Shutdown, significant => Significant, type => type(What), start => start(Name, What)}.

type({work, _, _}) -> worker;
type(_) -> supervisor.

start(Name, {work, Manner, Ms}) -> {?MODULE, start_worker, [Name, {Manner, Ms}]};
start(_, Sup) -> {supervisor, start_link, [?MODULE, Sup]}.

start_worker(Name, Manner) ->
    case ets:lookup(fails, Name) of
        [{_, N}] when N > 0 ->
            ets:insert(fails, {Name, N - 1}),
            told({note, [$!, atom_to_list(Name)]}),
            {error, planned};
        _ -> proc_lib:start_link(?MODULE, worker, [Name, Manner, self()])
    end.

worker(Name, {Manner, Ms}, Sup) ->
    process_flag(trap_exit, Manner =/= plain),
    ets:insert(names, {Name, self()}),
    told({started, Name, self()}),
    proc_lib:init_ack({ok, self()}),
    work(Manner, Ms, Sup).

work(Manner, Ms, Sup) ->
    receive
        {leave, Reason} -> exit(Reason);
        {'EXIT', Sup, Reason} when Manner =:= slow -> timer:sleep(Ms), exit(Reason);
        {'EXIT', Sup, _} when Manner =:= rude -> exit(crash);
        _ -> work(Manner, Ms, Sup)
    end.

%% ---- what happened

%% told asks the scribe, who answers at once. A start is noted by the process itself before it counts as started, an end
%% by a monitor that is older than those of its supervisor, which are told one after the other.
told(What) ->
    Ref = make_ref(),
    scribe ! {Ref, self(), What},
    receive {Ref, Answer} -> Answer end.

scribe(Lines, Pids) ->
    receive
        {'DOWN', _, _, Pid, Reason} ->
            {Name, Left} = maps:take(Pid, Pids),
            scribe([[$-, atom_to_list(Name), $:, class(Reason)] | Lines], Left);
        {Ref, From, take} ->
            From ! {Ref, lists:reverse(Lines)},
            scribe([], Pids);
        {Ref, From, {note, Line}} ->
            From ! {Ref, ok},
            scribe([Line | Lines], Pids);
        {Ref, From, {started, Name, Pid}} ->
            monitor(process, Pid),
            From ! {Ref, ok},
            scribe([[$+, atom_to_list(Name)] | Lines], Pids#{Pid => Name})
    end.

class({shutdown, _}) -> "shutdown";
class(Reason) -> atom_to_list(Reason).
