-- What the money held for an order pays for, beside the limits of the contract's policy: {"metric": …, "limit": …}.
alter table delivery_grants add column bound jsonb;
