-- Counter-offers: what we said last beside what we said first, and the price of the offer that a negotiation is about.

alter table federation_processes
  -- The last offer or request of our own; null: none yet beside the one of the catalogue.
  add column own_last jsonb,
  -- Exact decimal, yuan with tax, by the catalogue; null: nobody said, or the plan has more than one.
  add column price text;
update federation_processes set own_last = own_offer where kind = 'negotiation' and side = 'consumer';

-- What never began can be given up: the counter-party has no pid for it then.
alter table federation_processes drop constraint federation_processes_check;
alter table federation_processes add constraint federation_processes_check
  check (state is null or state = 'TERMINATED' or their_pid is not null);
