-- The type of transfer that the buyer chose when it bought; null: it chooses when it asks for the data.
alter table node_purchases add column format text;
