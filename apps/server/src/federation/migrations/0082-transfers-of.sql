-- Transfers of an agreement, for those that end with it and for what its consumer sees of it.
create index federation_processes_subject on federation_processes (participant, subject, created_at) where kind = 'transfer';
create index federation_agreements_consumer on federation_agreements (participant, finalized_at, id) where side = 'consumer';
