/** The steps of one whole trade, in the order people take them. */

import { readFile } from 'node:fs/promises';
import { formatTrust, type Trust, verifyBundle, verifyReceipts } from '@shugu/evidence';
import { cases } from '@shugu/wire/cases';
import * as catalogueWire from '@shugu/wire/catalogue';
import * as membersWire from '@shugu/wire/members';
import * as registryWire from '@shugu/wire/registry';
import { applyForMembership, reviewAdmission, seatPeople } from '../scenario/admission.ts';
import {
  enableTemplates,
  enterInstitution,
  publishRulebook,
  setUpOperator,
  staffOperator,
} from '../scenario/institutions.ts';
import { placeOrder, readContract, signBoth, stateScenario } from '../scenario/order.ts';
import {
  applyForListing,
  assess,
  draftProduct,
  type ListingDraft,
  type ProductFields,
  reviewListing,
} from '../scenario/product.ts';
import { applyForRegistration, passNotice, reviewRegistration } from '../scenario/registration.ts';
import { bringResource } from '../scenario/resource.ts';
import { buyer, finance, refused, supplier, type TradeWalk } from './context.ts';
import { evidenceName } from './folder.ts';
import { callsMax, divisionsClaims, divisionsListing, divisionsProduct, divisionsResource, shares } from './goods.ts';
import { standing } from './money.ts';
import { readTrust } from './receipts.ts';
import { useAndSettle } from './settle.ts';

const steward = 'xingsha.steward';
const members = ['xingsha', 'mapping', 'lawfirm', 'citylogistics'] as const;

export const openMarket = async ({ stage, walk, setupToken, admit = members }: TradeWalk): Promise<void> => {
  const { needed } = await stage.anyone.call(membersWire.readSetup, {});
  if (!needed) return;
  await walk.step(
    'institutions',
    {
      zh: '建立交易所：运营方三员分立，登记机构、主管部门独立',
      en: 'The exchange opens: operator with three administrators, registrar and regulator apart',
    },
    async (prove) => {
      if (!setupToken) throw new Error('an empty exchange needs --setup-token');
      await setUpOperator(stage, setupToken);
      await staffOperator(stage);
      await enterInstitution(stage, 'registrar');
      await enterInstitution(stage, 'regulator');
      await publishRulebook(stage);
      await enableTemplates(stage);
      const again = refused(
        stage.anyone.call(membersWire.setUp, { body: {} as never }),
        'members.setupDone',
        'kernel.invalid',
        'kernel.unknown',
      );
      prove(
        {
          zh: '初始化只能进行一次；规则与合同模板均由一人起草、另一人发布',
          en: 'Set-up works only once; rules and templates were drafted by one person and released by another',
        },
        await again,
      );
    },
  );
  await walk.step(
    'admission',
    {
      zh: '会员入场：两名权利人、律师事务所、需方，逐家两人审核',
      en: 'Admission: two right-holders, a law firm, a buyer, each reviewed by two people',
    },
    async (prove) => {
      for (const key of admit) {
        const applied = await applyForMembership(stage, key);
        await reviewAdmission(stage, applied.case);
        await seatPeople(stage, key);
      }
      const me = await (await stage.as(supplier)).call(membersWire.readMe, {});
      prove(
        { zh: '供方已入场并接受规则', en: 'The supplier is active and has accepted the rules' },
        me.organisation.status === 'active' && me.rulesAccepted,
      );
      prove(
        { zh: '陌生人看不到任何办件', en: 'A stranger sees no case' },
        await refused(stage.anyone.call(cases.queue, { query: { view: 'mine' } }), 'kernel.notSignedIn'),
      );
    },
  );
};

export const register = async ({ stage, walk, folder }: TradeWalk) => {
  const goods = await divisionsResource();
  const resource = await walk.step(
    'resource',
    {
      zh: '登记数据资源：分段上传、解析、画像、敏感识别（平台自检）',
      en: 'A data resource: resumable upload, parsed, profiled, scanned (self-check)',
    },
    async (prove) => {
      const made = await bringResource(stage, steward, goods.fields, goods.file);
      prove(
        {
          zh: `读出 ${made.content?.rowCount} 行、${made.content?.columns.length} 列，与原文件一致`,
          en: `${made.content?.rowCount} rows and ${made.content?.columns.length} columns were read, as in the file`,
        },
        made.content?.rowCount === goods.rows,
      );
      prove(
        { zh: '其他单位看不到该资源', en: 'No other organisation sees it' },
        await refused(
          (await stage.as(buyer)).call(registryWire.getResource, { params: { id: made.id } }),
          'kernel.unknown',
        ),
      );
      return made;
    },
  );
  const certificate = await walk.step(
    'registration',
    {
      zh: '产权登记：受理、三项审核、公示五个工作日、存证、发证',
      en: 'Registration: acceptance, three checks, five working days of notice, evidence, certificate',
    },
    async (prove) => {
      const caseId = await applyForRegistration(stage, steward, resource, ['xingsha', 'mapping'], divisionsClaims);
      await reviewRegistration(stage, caseId);
      const issued = await passNotice(stage, steward, caseId, resource.name);
      const seen = await stage.anyone.call(registryWire.getCertificate, { params: { code: issued.code } });
      prove(
        {
          zh: `登记凭证 ${seen.code}（样张），两名权利人各有三项权利`,
          en: `certificate ${seen.code} (specimen): two holders with three rights each`,
        },
        seen.holders.length === 2 && seen.rights.length === 6,
      );
      await folder.paper(await stage.as(steward), seen.paper!, 'certificate');
      return seen;
    },
  );
  return { resource, certificate };
};

/** What a market of tests sells otherwise than the walked trade. */
export interface Variation {
  product?: Partial<ProductFields>;
  listing?: Partial<ListingDraft>;
}

export const list = async ({ stage, walk, folder }: TradeWalk, resourceId: string, other: Variation = {}) => {
  const product = await walk.step(
    'product',
    {
      zh: '起草产品：不可更改的版本、数据字典、质量报告',
      en: 'A product: an immutable version with dictionary and quality report',
    },
    async (prove) => {
      const draft = divisionsProduct(resourceId);
      const made = await draftProduct(stage, steward, { ...draft.fields, ...other.product }, draft.version);
      prove(
        { zh: '未上架的产品，他人查无此物', en: 'An unlisted product does not exist for others' },
        await refused(
          (await stage.as(buyer)).call(catalogueWire.getProduct, {
            params: { id: made.product },
          }),
          'kernel.unknown',
        ),
      );
      return made;
    },
  );
  const report = await walk.step(
    'compliance',
    {
      zh: '合规评估：律师事务所声明无利益冲突后出具报告',
      en: 'Compliance: the law firm declares no conflict and delivers its report',
    },
    async (prove) => {
      const made = await assess(
        stage,
        supplier,
        { key: 'lawfirm', login: 'lawfirm.assessor' },
        product.version,
        '全国行政区划代码查询接口',
      );
      prove(
        { zh: `报告 ${made.number}，有效期内，结论合规`, en: `report ${made.number}, valid, compliant` },
        made.conclusion === 'compliant',
      );
      return made;
    },
  );
  const listing = await walk.step(
    'listing',
    {
      zh: '上架审核：凭登记凭证过关，两人审核，出具上架凭证',
      en: 'Listing review: gates open by certificate, two people decide, voucher issued',
    },
    async (prove) => {
      const split = [];
      for (const [key, share] of Object.entries(shares)) split.push({ party: await stage.organisation(key), share });
      const applied = await applyForListing(stage, supplier, {
        ...divisionsListing(product.version, report.id, await stage.now(), split),
        ...other.listing,
      });
      const done = await reviewListing(stage, applied);
      prove(
        {
          zh: `已上架（${done.number}），权属依据为登记凭证`,
          en: `listed (${done.number}) on the ground of the certificate`,
        },
        done.state === 'listed' && done.basis.kind === 'certificate',
      );
      await folder.paper(stage.anyone, done.paper!, 'listing-voucher');
      return done;
    },
  );
  return { product, listing };
};

/** Whether a file holds, and the place of its entry in the log where it has one. */
const examine = async (kind: string, bytes: Uint8Array, trust: Trust): Promise<{ ok: boolean; index?: number }> => {
  if (kind === 'receipts') return { ok: (await verifyReceipts(bytes, trust)).ok };
  const { ok, asOf } = await verifyBundle(bytes, trust);
  return { ok, index: asOf?.index };
};

/** Every file of the folder that is evidence, whole and with one bit changed, as an auditor would who has nothing else. */
const verifyAll = ({ stage, walk, folder }: TradeWalk): Promise<void> =>
  walk.step(
    'verify',
    { zh: '离线核验：不连网，逐个核验全部证据', en: 'Offline: every piece of evidence is checked without a network' },
    async (prove) => {
      const trust = await readTrust(stage);
      await folder.write('trust', 'trust.json', formatTrust(trust));
      for (const { kind, path } of folder.files.filter((file) => evidenceName.test(file.path))) {
        const bytes = new Uint8Array(await readFile(path));
        const { ok, index } = await examine(kind, bytes, trust);
        prove(
          {
            zh: `${kind}：有效${index === undefined ? '' : `，见公开日志第 ${index} 条`}`,
            en: `${kind}: valid${index === undefined ? '' : `, entry ${index} of the public log`}`,
          },
          ok,
        );
        const place = Math.floor(bytes.length / 2);
        const changed = Uint8Array.from(bytes);
        changed[place] = changed[place]! ^ 1;
        prove(
          { zh: `${kind}：改动一个比特即被识破`, en: `${kind}: one changed bit is found out` },
          !(await examine(kind, changed, trust)).ok,
        );
      }
    },
  );

export const walkTrade = async (trade: TradeWalk): Promise<void> => {
  const { stage, walk, folder } = trade;
  await openMarket(trade);
  const { resource } = await register(trade);
  const { listing } = await list(trade, resource.id);
  const order = await walk.step(
    'order',
    { zh: '使用场景申报、交易审核、下单', en: 'The use is stated, the trade reviewed, the order placed' },
    async (prove) => {
      const now = await stage.now();
      const scenario = await stateScenario(stage, buyer, {
        title: '城配地址规整',
        purposes: ['logistics'],
        endUser: '城配通达物流有限公司（样例）',
        personalData: false,
        onwardUse: '',
        licence: '',
        region: '430100',
        from: now.toISOString().slice(0, 10),
        until: new Date(now.getTime() + 180 * 86_400_000).toISOString().slice(0, 10),
        authorisation: '',
      });
      const placed = await placeOrder(stage, buyer, {
        listing,
        scenario,
        quantity: callsMax,
        way: 'custody',
        months: 6,
      });
      prove(
        { zh: '按规则自动通过交易审核，已生成合同', en: 'Passed by rule; the contract is drawn up' },
        placed.state === 'contracting' && placed.contract !== null,
      );
      return placed;
    },
  );
  const before = await standing(await stage.as(finance));
  const contract = await walk.step(
    'contract',
    {
      zh: '签约：双方就同一文本的哈希签署，合同生效',
      en: 'Both sides sign the hash of one text; the contract is in force',
    },
    async (prove) => {
      const signed = await signBoth(stage, buyer, supplier, order.contract!);
      prove(
        { zh: `合同 ${signed.number} 生效`, en: `contract ${signed.number} is in force` },
        signed.current.signatures.length === 2,
      );
      prove(
        { zh: '第三方看不到合同', en: 'Nobody else sees it' },
        await refused(readContract(stage, 'mapping.trader', signed.id), 'kernel.unknown'),
      );
      await folder.paper(await stage.as(buyer), signed.paperId!, 'contract');
      return signed;
    },
  );
  await useAndSettle(trade, order, contract, before);
  await verifyAll(trade);
};
