/** The product page in one query: what a buyer reads before ordering. */
import { type Reader, sql } from '../../kernel/db/db.ts';
import type { Listing, PricePlan, Report } from '../model.ts';

export interface ProductPageRow {
  product: string;
  version: string;
  version_number: number;
  note: string;
  about: unknown;
  tables: unknown;
  version_created_at: Date;
  listing: string;
  participant: string;
  space: string | null;
  number: string | null;
  state: Listing['state'];
  paper: string | null;
  plans: (Listing['plans'][number] & { plan: PricePlan })[];
  policy: Listing['policy'];
  explanation: Listing['explanation'];
  delivery_modes: Listing['delivery_modes'];
  acceptance_days: number;
  trial: Listing['trial'];
  basis: Listing['basis'];
  purposes: string[];
  security_statement: string;
  source_statement: string;
  stands_until: Date | null;
  reason: string | null;
  listed_at: Date | null;
  reports: {
    id: string;
    number: string;
    body: { id: string; name: string };
    conclusion: Report['conclusion'];
    scope: string;
    limits: string;
    validUntil: string;
  }[];
  supplier: { id: string; name: string; creditCode: string; roles: string[]; since: string | null; listings: number };
}

// The listing that stands, else the last that stood: whoever kept the address learns what became of it. Contents' digests
// and resources are the supplier's own and stay out.
export const findProductPage = (read: Reader, product: string): Promise<ProductPageRow | undefined> =>
  read.first<ProductPageRow>(sql`select l.product, l.version, v.number as version_number, v.note, v.about,
      (select coalesce(jsonb_agg(t - 'objects' - 'resource'), '[]') from jsonb_array_elements(v.tables) t) as tables, v.created_at as version_created_at,
      l.id as listing, l.participant, l.space, l.number, l.state, l.paper, l.plans, l.policy, l.explanation, l.delivery_modes, l.acceptance_days, l.trial, l.basis, l.purposes,
      l.security_statement, l.source_statement, l.stands_until, l.reason, l.listed_at,
      (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'number', r.number, 'body', jsonb_build_object('id', b.id, 'name', b.name), 'conclusion', r.conclusion,
          'scope', r.scope, 'limits', r.limits, 'validUntil', to_char(r.valid_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) order by r.id), '[]')
        from reports r join organisations b on b.id = r.body
        where r.id in (select jsonb_array_elements_text(l.basis -> 'reports')) and r.version = l.version) as reports,
      (select jsonb_build_object('id', o.id, 'name', o.name, 'creditCode', o.credit_code,
          'roles', (select coalesce(jsonb_agg(distinct role), '[]') from organisation_roles where organisation = o.id and status = 'active'),
          'since', to_char(o.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          'listings', (select count(*)::int from listings s where s.participant = o.id and s.state = 'listed' and s.space is null))
        from organisations o where o.id = l.participant) as supplier
    from listings l join product_versions v on v.id = l.version
    where l.product = ${product} and l.state in ('listed', 'suspended', 'delisted')
    order by l.state = 'delisted', l.id desc limit 1`);
