-- Counter-offers of plans of several prices: what is listed, tier by tier.

alter table federation_processes
  -- [{upTo, unitPrice}], the last one open: exact decimals, yuan with tax; null: nobody said, or the plan has one price or none.
  add column tiers jsonb;
