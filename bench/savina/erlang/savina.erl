%% The programs of the suite in Erlang, as package ours has them on Bastion: the same processes, messages and draws.
%%
%%   erl -noshell +P 4000000 -s savina main PROGRAM N ROUNDS
%%
%% prints one line of JSON for each round. A plain spawn, no supervisor: what Erlang itself costs.
-module(savina).
-export([main/1]).

main([Program, N, Rounds]) ->
    Size = number(N),
    Run = fun() -> play(Program, Size) end,
    Run(),
    [round(Program, Size, Run) || _ <- lists:seq(1, number(Rounds))],
    halt(0).

number(A) -> list_to_integer(atom_to_list(A)).

round(Program, N, Run) ->
    garbage_collect(),
    T0 = erlang:monotonic_time(nanosecond),
    Answer = Run(),
    T1 = erlang:monotonic_time(nanosecond),
    io:format("{\"engine\":\"erlang\",\"program\":\"~s\",\"n\":~b,\"answer\":~b,\"nanoseconds\":~b}~n",
              [Program, N, Answer, T1 - T0]).

%% play runs a program in a process of its own and waits for its answer.
play(Program, N) ->
    Stage = self(),
    Tag = make_ref(),
    spawn_link(fun() -> Stage ! {Tag, run(Program, N)} end),
    receive {Tag, Answer} -> Answer end.

run(skynet, N) -> Me = self(), spawn_link(fun() -> sky(0, N, Me) end), receive {sum, S} -> S end;
run(counting, N) ->
    Counter = spawn_link(fun() -> counter(0) end),
    Me = self(),
    spawn_link(fun() ->
        repeat(N, fun() -> Counter ! increment end),
        Counter ! {retrieve, self()},
        receive {total, T} -> Me ! {total, T} end
    end),
    receive {total, T} -> T end;
run('fork-join-throughput', N) ->
    Me = self(),
    Workers = [spawn_link(fun() -> worker(N, N, 0.0, Me) end) || _ <- lists:seq(1, 60)],
    repeat(N, fun() -> [W ! work || W <- Workers] end),
    lists:sum([receive {worked, K} -> K end || _ <- Workers]);
run('fork-join-create', N) ->
    Me = self(),
    repeat(N, fun() -> spawn(fun() -> worker(1, 1, 0.0, Me) end) ! work end),
    gather(N, 0);
run(big, N) ->
    Me = self(),
    Everyone = [spawn_link(fun() -> big(I, N, Me) end) || I <- lists:seq(0, 119)],
    Table = list_to_tuple(Everyone),
    [B ! {meet, Table} || B <- Everyone],
    Pings = [receive {pings, K} -> K end || _ <- Everyone],
    [begin unlink(B), exit(B, kill) end || B <- Everyone],
    lists:sum(Pings);
run(chameneos, N) ->
    Mall = self(),
    [spawn_link(fun() -> creature(Mall, I rem 3, 0, begin_) end) || I <- lists:seq(0, 99)],
    mall(N, none, 0, 0);
run(bank, N) ->
    Teller = self(),
    Accounts = [spawn_link(fun() -> account(Teller, 10000) end) || _ <- lists:seq(1, 1000)],
    Table = list_to_tuple(Accounts),
    transfers(N, Table, 123456),
    Done = settle(N, 0),
    [A ! audit || A <- Accounts],
    Sum = lists:sum([receive {balance, B} -> B end || _ <- Accounts]),
    [begin unlink(A), exit(A, kill) end || A <- Accounts],
    case Sum of 10000000 -> Done; _ -> -1 end;
run(barber, N) ->
    Factory = self(),
    Barber = spawn_link(fun() -> barber(1, 0) end),
    Room = spawn_link(fun() -> room(Barber, queue:new(), 0, true) end),
    R = customers(N, Factory, Room, 2),
    true = is_integer(R),
    Cuts = cuts(N, 0),
    [begin unlink(P), exit(P, kill) end || P <- [Barber, Room]],
    Cuts;
run(sieve, N) ->
    Me = self(),
    First = spawn_link(fun() -> filter([], 0, none, Me) end),
    spawn_link(fun() ->
        First ! {candidate, 2},
        odd(3, N, First),
        First ! {finish, 0}
    end),
    receive {primes, P} -> P end;
run(queens, N) ->
    Master = self(),
    Workers = [spawn_link(fun() -> queens_worker(Master, N) end) || _ <- lists:seq(1, 20)],
    Table = list_to_tuple(Workers),
    hand(Table, 1, []),
    S = master(Table, 1, 1, 0),
    [begin unlink(W), exit(W, kill) end || W <- Workers],
    S.

repeat(0, _) -> ok;
repeat(N, F) -> F(), repeat(N - 1, F).

gather(0, Sum) -> Sum;
gather(N, Sum) -> receive {worked, K} -> gather(N - 1, Sum + K) end.

%% The generator of the suite: {Number below Limit, next state}.
draw(R, Limit) -> Next = (R * 1309 + 13849) band 65535, {Next rem Limit, Next}.

busy(R, Limit) -> {N, R1} = draw(R, Limit), busy(N + 10, R1, 0).
busy(0, R, Sum) -> {Sum, R};
busy(N, R, Sum) -> {X, R1} = draw(R, 32768), busy(N - 1, R1, Sum + X).

sky(Num, 1, Parent) -> Parent ! {sum, Num};
sky(Num, Size, Parent) ->
    Me = self(),
    Part = Size div 10,
    [spawn(fun() -> sky(Num + I * Part, Part, Me) end) || I <- lists:seq(0, 9)],
    Parent ! {sum, lists:sum([receive {sum, S} -> S end || _ <- lists:seq(0, 9)])}.

counter(N) ->
    receive
        increment -> counter(N + 1);
        {retrieve, From} -> From ! {total, N}
    end.

worker(0, N, _, To) -> To ! {worked, N};
worker(Left, N, Sink, To) ->
    receive work -> S = math:sin(37.2), worker(Left - 1, N, Sink + S * S, To) end.

big(I, N, Stage) -> receive {meet, Everyone} -> ping(Everyone, I, 0, N, Stage) end.

ping(Everyone, R, Pings, N, Stage) ->
    {I, R1} = draw(R, tuple_size(Everyone)),
    element(I + 1, Everyone) ! {ping, self()},
    big_loop(Everyone, R1, Pings, N, Stage).

big_loop(Everyone, R, Pings, N, Stage) ->
    receive
        {ping, From} -> From ! pong, big_loop(Everyone, R, Pings, N, Stage);
        pong when Pings + 1 =:= N -> Stage ! {pings, N}, big_loop(Everyone, R, Pings + 1, N, Stage);
        pong -> ping(Everyone, R, Pings + 1, N, Stage)
    end.

complement(A, A) -> A;
complement(A, B) -> 3 - A - B.

creature(Mall, Color, Meetings, begin_) ->
    Mall ! {arrive, Color, self()},
    receive
        {encounter, Other, From} ->
            C = complement(Color, Other),
            From ! {become, C},
            creature(Mall, C, Meetings + 1, begin_);
        {become, C} -> creature(Mall, C, Meetings + 1, begin_);
        fade -> unlink(Mall), Mall ! {report, Meetings}
    end.

mall(_, _, 100, Sum) -> Sum;
mall(Left, Waiting, Faded, Sum) ->
    receive
        {report, M} -> mall(Left, Waiting, Faded + 1, Sum + M);
        {arrive, _, From} when Left =:= 0 -> From ! fade, mall(0, Waiting, Faded, Sum);
        {arrive, _, From} when Waiting =:= none -> mall(Left, From, Faded, Sum);
        {arrive, Color, From} -> Waiting ! {encounter, Color, From}, mall(Left - 1, none, Faded, Sum)
    end.

account(Teller, Has) ->
    receive
        {credit, Amount, To} -> To ! {debit, Amount, self()}, account(Teller, Has - Amount);
        {debit, Amount, From} -> From ! paid, account(Teller, Has + Amount);
        paid -> Teller ! settled, account(Teller, Has);
        audit -> Teller ! {balance, Has}, account(Teller, Has)
    end.

transfers(0, _, _) -> ok;
transfers(N, Table, R) ->
    {From, R1} = draw(R, tuple_size(Table) div 10),
    {Step, R2} = draw(R1, tuple_size(Table) - From - 1),
    {Amount, R3} = draw(R2, 1000),
    element(From + 1, Table) ! {credit, Amount, element(From + 1 + Step + 1, Table)},
    transfers(N - 1, Table, R3).

settle(N, N) -> N;
settle(N, Done) -> receive settled -> settle(N, Done + 1) end.

room(Barber, Seats, Taken, Sleeps) ->
    receive
        {enter, Customer} when Taken =:= 1000 -> Customer ! full, room(Barber, Seats, Taken, Sleeps);
        {enter, Customer} when Sleeps -> call(Barber, queue:in(Customer, Seats), Taken + 1);
        {enter, Customer} -> Customer ! wait, room(Barber, queue:in(Customer, Seats), Taken + 1, false);
        next -> call(Barber, Seats, Taken)
    end.

call(Barber, Seats, 0) -> Barber ! sleep, room(Barber, Seats, 0, true);
call(Barber, Seats, Taken) ->
    {{value, First}, Rest} = queue:out(Seats),
    Barber ! {enter, First, self()},
    room(Barber, Rest, Taken - 1, false).

barber(R, Sink) ->
    receive
        sleep -> barber(R, Sink);
        {enter, Customer, Room} ->
            Customer ! start,
            {S, R1} = busy(R, 1000),
            Customer ! cut,
            Room ! next,
            barber(R1, Sink + S)
    end.

customer(Factory, Room) ->
    receive
        begin_ -> Room ! {enter, self()}, customer(Factory, Room);
        full -> Factory ! {back, self()}, customer(Factory, Room);
        cut -> Factory ! cut;
        _ -> customer(Factory, Room)
    end.

customers(0, _, _, R) -> R;
customers(N, Factory, Room, R) ->
    spawn(fun() -> customer(Factory, Room) end) ! begin_,
    {_, R1} = busy(R, 1000),
    customers(N - 1, Factory, Room, R1).

cuts(N, N) -> N;
cuts(N, Cuts) ->
    receive
        {back, Customer} -> Customer ! begin_, cuts(N, Cuts);
        cut -> cuts(N, Cuts + 1)
    end.

odd(I, N, _) when I > N -> ok;
odd(I, N, First) -> First ! {candidate, I}, odd(I + 2, N, First).

filter(Primes, Kept, Next, Stage) ->
    receive
        {candidate, C} ->
            case divides(Primes, C) of
                true -> filter(Primes, Kept, Next, Stage);
                false when Kept < 1000 -> filter(Primes ++ [C], Kept + 1, Next, Stage);
                false when Next =:= none ->
                    New = spawn_link(fun() -> filter([], 0, none, Stage) end),
                    New ! {candidate, C},
                    filter(Primes, Kept, New, Stage);
                false -> Next ! {candidate, C}, filter(Primes, Kept, Next, Stage)
            end;
        {finish, Sum} when Next =:= none -> Stage ! {primes, Sum + Kept};
        {finish, Sum} -> Next ! {finish, Sum + Kept}
    end.

divides([], _) -> false;
divides([P | _], C) when C rem P =:= 0 -> true;
divides([_ | Rest], C) -> divides(Rest, C).

queens_worker(Master, N) ->
    receive
        {work, Board} ->
            case length(Board) of
                L when L >= 4; L =:= N -> Master ! {solved, solve(N, Board)};
                _ -> [Master ! {work, B} || B <- places(N, Board)]
            end,
            Master ! done,
            queens_worker(Master, N)
    end.

%% Boards are lists of columns, the latest row first.
places(N, Board) -> [[C | Board] || C <- lists:seq(0, N - 1), free(Board, C, 1)].

free([], _, _) -> true;
free([Q | Rest], C, D) -> Q =/= C andalso Q =/= C + D andalso Q =/= C - D andalso free(Rest, C, D + 1).

solve(N, Board) when length(Board) =:= N -> 1;
solve(N, Board) -> lists:sum([solve(N, [C | Board]) || C <- lists:seq(0, N - 1), free(Board, C, 1)]).

hand(Workers, Turn, Board) -> element(Turn rem tuple_size(Workers) + 1, Workers) ! {work, Board}.

master(_, _, 0, Solutions) -> Solutions;
master(Workers, Turn, Under, Solutions) ->
    receive
        {work, Board} -> hand(Workers, Turn + 1, Board), master(Workers, Turn + 1, Under + 1, Solutions);
        {solved, S} -> master(Workers, Turn, Under, Solutions + S);
        done -> master(Workers, Turn, Under - 1, Solutions)
    end.
