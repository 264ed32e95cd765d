-- A party that signed by its messages of the Dataspace Protocol: who it is there, and the messages that say so with their digests.
alter table contract_signatures add column protocol jsonb;
alter table contract_signatures
  add constraint contract_signatures_protocol check ((level = 'dataspace-protocol') = (protocol is not null));
