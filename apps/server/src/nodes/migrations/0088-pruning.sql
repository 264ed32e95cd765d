-- What every node has taken need not be kept: the hub knows how far each one holds its demands. Its own demands are told as well.

alter table nodes add column told bigint not null default 0;

-- Null: a demand of the hub's own members.
alter table node_relays alter column node_id drop not null;
create index node_relays_subject on node_relays (subject, sequence desc);
