import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('market', {
  wrongState: {
    status: 409,
    title: { zh: '当前状态下不能这样做', en: 'This cannot be done in the present state' },
    next: { zh: '刷新页面，按“下一步”提示操作', en: 'Reload and follow the next step shown' },
  },
  reportExpired: {
    status: 409,
    title: { zh: '评估报告不在有效期内', en: 'The report is not valid at this time' },
    next: { zh: '请机构出具新的报告', en: 'Ask the body for a new report' },
  },
  gatesClosed: {
    status: 409,
    title: { zh: '上架条件未满足', en: 'The listing does not meet the gates' },
    next: { zh: '逐项处理 errors 中列出的条件', en: 'Deal with each gate listed in errors' },
  },
  alreadyListed: {
    status: 409,
    title: { zh: '该产品已在架或正在审核', en: 'The product is already listed or under review' },
    next: { zh: '先下架原上架信息，再申请新版本上架', en: 'Take the present listing down first' },
  },
  policyUnenforceable: {
    status: 400,
    title: {
      zh: '使用控制策略无法在所选交付方式上执行',
      en: 'The use policy cannot be enforced on the chosen delivery',
    },
    next: { zh: '修改策略或交付方式', en: 'Change the policy or the delivery mode' },
  },
  notForSale: {
    status: 409,
    title: { zh: '该产品当前不能下单', en: 'The product cannot be ordered now' },
    next: { zh: '查看上架状态，或选择其他产品', en: 'Look at the listing’s state, or choose another product' },
  },
  ownProduct: {
    status: 409,
    title: { zh: '不能购买本单位的产品', en: 'You cannot buy your own product' },
    next: { zh: '请选择其他供方的产品', en: 'Choose another supplier’s product' },
  },
  notQuoted: {
    status: 409,
    title: { zh: '该方案面议，请先取得报价', en: 'This plan is by quotation' },
    next: { zh: '向供方询价，按报价下单', en: 'Ask the supplier for a quotation first' },
  },
  outsideOffer: {
    status: 409,
    title: { zh: '申报的用途或期限超出要约范围', en: 'The stated use goes beyond the offer' },
    next: { zh: '修改使用场景，或与供方另行协商', en: 'Change the scenario, or negotiate with the supplier' },
  },
  buyerIsPayee: {
    status: 409,
    title: {
      zh: '本单位是该产品的收益分配方，不能作为需方下单',
      en: 'Your organisation gets a share of this product’s income and cannot be its buyer',
    },
    next: { zh: '请与供方另行约定', en: 'Agree with the supplier in another way' },
  },
  termTooLong: {
    status: 409,
    title: {
      zh: '订购的期数超出上架所依据的有效期或申报的使用期限',
      en: 'The periods ordered outlast what the listing stands on or the stated use',
    },
    next: { zh: '减少期数，或申报更长的使用期限', en: 'Order fewer periods, or state a longer use' },
  },
  notExtendable: {
    status: 409,
    title: { zh: '该订单不能追加数量', en: 'This order cannot be extended' },
    next: {
      zh: '仅限存管结算、按用量计价且合同履行中的订单；其他情形请另行下单',
      en: 'Only metered orders held at the bank, while the contract runs; otherwise place another order',
    },
  },
  contractRuns: {
    status: 409,
    title: { zh: '合同仍在履行，不能退回款项', en: 'The contract still runs: the money cannot be given back' },
    next: { zh: '先由双方协议终止或运营方强制终止合同', en: 'End the contract first, by agreement or by force' },
  },
  secondPersonNeeded: {
    status: 403,
    title: { zh: '须由另一人复核', en: 'A second person must approve' },
    next: { zh: '请另一名有权限的人员处理', en: 'Ask another person who may' },
  },
  tooMany: {
    status: 409,
    title: { zh: '已达数量上限', en: 'A limit is reached' },
    next: { zh: '先关闭不再需要的，再新建', en: 'Close what is no longer needed first' },
  },
  alreadyQuoted: {
    status: 409,
    title: { zh: '已对该需求报价', en: 'You have quoted on this demand' },
    next: { zh: '撤回原报价后重新报价', en: 'Withdraw the quotation and quote again' },
  },
  noTrial: {
    status: 409,
    title: { zh: '该产品不提供试用', en: 'The product cannot be tried' },
    next: { zh: '查看样例数据，或向供方询问', en: 'Look at the sample, or ask the supplier' },
  },
  alreadyTried: {
    status: 409,
    title: { zh: '本单位已试用过该产品', en: 'Your organisation has tried this product' },
    next: { zh: '可直接下单', en: 'Place an order' },
  },
  alreadyFiled: {
    status: 409,
    title: { zh: '该合同已经备案', en: 'This contract is on file' },
    next: { zh: '核对合同摘要；同一合同只备案一次', en: 'Check the digest: a contract is filed once' },
  },
});
