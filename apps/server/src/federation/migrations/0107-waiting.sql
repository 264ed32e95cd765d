-- What waits with one counter-party is counted whenever it begins something new.
create index federation_processes_waiting on federation_processes (participant, counterparty)
  where state in ('REQUESTED', 'OFFERED', 'ACCEPTED', 'AGREED', 'VERIFIED');
