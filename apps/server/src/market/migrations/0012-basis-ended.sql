-- A contract may end with what it stood on.
alter table orders drop constraint orders_ended_how_check;
alter table orders add constraint orders_ended_how_check check (ended_how in ('agreed', 'forced', 'expired', 'completed', 'basis'));
