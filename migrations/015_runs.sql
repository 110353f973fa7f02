-- What became of an instance's first process: how often it ended, and how it ended last.

-- +goose Up
-- How often it was started again because it had ended by itself.
alter table instances add column restart_count int not null default 0;
-- How its first process ended last: {code, signal, oom_killed, at}. Null: it never did.
alter table instances add column last_exit jsonb;
-- How many ends of its machine have been told; a machine that is made again counts from zero.
alter table instances add column observed_ends int not null default 0;
-- Ends in a row without a good run in between: they decide how long it rests.
alter table instances add column crashes int not null default 0;
-- What is new, operators may read; what hides itself stays hidden.
select show_to_operator('instances', '{env,command}');

-- +goose Down
alter table instances drop column crashes, drop column observed_ends, drop column last_exit, drop column restart_count;
select show_to_operator('instances', '{env,command}');
