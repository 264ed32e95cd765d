/** A temporary exchange of this process, and a market on it with one listed product, made over HTTP like anyone's. */
import { readCast } from '../apps/cli/src/scenario/cast.ts';
import { openMarket as openMarketOf } from '../apps/cli/src/scenario/market.ts';
import {
  applyForListing,
  assess,
  draftProduct,
  type Listing,
  reviewListing,
} from '../apps/cli/src/scenario/product.ts';
import { applyForRegistration, passNotice, reviewRegistration } from '../apps/cli/src/scenario/registration.ts';
import { bringResource } from '../apps/cli/src/scenario/resource.ts';
import { makeStage, type Stage } from '../apps/cli/src/scenario/stage.ts';
import { startTemporary, type Temporary } from '../apps/cli/src/server.ts';
import {
  divisionsClaims,
  divisionsListing,
  divisionsProduct,
  divisionsResource,
  shares,
} from '../apps/cli/src/trade/goods.ts';

export const onExchange = async <T>(use: (exchange: Temporary['exchange']) => Promise<T>): Promise<T> => {
  const temporary = await startTemporary();
  try {
    return await use(temporary.exchange);
  } finally {
    await temporary.end();
  }
};

/** Operator, registrar and the members that one listing needs. */
export const openMarket = async (exchange: Temporary['exchange']): Promise<Stage> => {
  const stage = makeStage(exchange.url, await readCast());
  await openMarketOf(stage, exchange.kernel.setupToken, ['xingsha', 'mapping', 'lawfirm']);
  return stage;
};

/** The goods of `shugu trade`, registered, assessed and listed. */
export const listProduct = async (stage: Stage): Promise<Listing> => {
  const goods = await divisionsResource();
  const resource = await bringResource(stage, 'xingsha.steward', goods.fields, goods.file);
  const caseId = await applyForRegistration(
    stage,
    'xingsha.steward',
    resource,
    ['xingsha', 'mapping'],
    divisionsClaims,
  );
  await reviewRegistration(stage, caseId);
  await passNotice(stage, 'xingsha.steward', caseId, goods.fields.name);
  const { fields, version } = divisionsProduct(resource.id);
  const made = await draftProduct(stage, 'xingsha.steward', fields, version);
  const report = await assess(
    stage,
    'xingsha.trader',
    { key: 'lawfirm', login: 'lawfirm.assessor' },
    made.version,
    fields.name,
  );
  const split = [];
  for (const [key, share] of Object.entries(shares)) split.push({ party: await stage.organisation(key), share });
  const draft = divisionsListing(made.version, report.id, await stage.now(), split);
  return reviewListing(stage, await applyForListing(stage, 'xingsha.trader', draft));
};
