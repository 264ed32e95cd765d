-- What a use costs: frozen with its reservation, then owed by a statement or given back.

alter table compute_uses
  -- Settlement's order for this use alone; null where it has no price.
  add column money_order text unique,
  add column price_fen bigint check (price_fen > 0),
  add column money_state text check (money_state in ('freezing', 'frozen', 'owed', 'paid', 'released')),
  add column statement text,
  add constraint compute_uses_money check (
    (money_order is null) = (price_fen is null) and (money_order is null) = (money_state is null)
    and (statement is null) = (money_state is null or money_state not in ('owed', 'paid'))
    -- No use that ended keeps money waiting.
    and (state in ('reserved', 'running') or money_state is null or money_state in ('owed', 'paid', 'released'))),
  -- Nothing is read before its price is frozen.
  add constraint compute_uses_frozen check (state <> 'running' or money_state is null or money_state = 'frozen');
create index compute_uses_open on compute_uses (id) where state in ('reserved', 'running');
