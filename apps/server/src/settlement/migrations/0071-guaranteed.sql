-- An order whose money another node guarantees: frozen at that node's bank, and nothing here until it is paid. Null: it lies here.
alter table settlement_orders add column guaranteed_fen bigint check (guaranteed_fen >= 0);
