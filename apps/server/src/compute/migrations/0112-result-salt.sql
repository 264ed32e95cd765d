-- A small result could be guessed from its digest by whoever reads the record: that has a commitment under a salt, which recipients get.

alter table compute_uses
  add column result_salt text,
  add constraint compute_uses_salt check (result_salt is null or result is not null);
