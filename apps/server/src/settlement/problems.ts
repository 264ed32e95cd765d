import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('settlement', {
  accountMissing: {
    status: 409,
    title: { zh: '尚未开立存管子账户', en: 'There is no sub-account at the custodian bank yet' },
    next: { zh: '先在资金账户页开户', en: 'Open the sub-account first' },
  },
  fundsShort: {
    status: 409,
    title: { zh: '可用余额不足', en: 'Not enough money available' },
    next: { zh: '向存管子账户入金后再试', en: 'Pay money into the sub-account, then try again' },
  },
  stateWrong: {
    status: 409,
    title: { zh: '当前状态不能进行此操作', en: 'This cannot be done in the present state' },
    next: { zh: '刷新后查看最新状态', en: 'Reload and look at the present state' },
  },
  wayWrong: {
    status: 409,
    title: { zh: '该结算方式没有这一步', en: 'This way to settle has no such step' },
    next: { zh: '查看订单的结算方式', en: 'Look at the order’s way to settle' },
  },
  amountDiffers: {
    status: 409,
    title: { zh: '金额与账单不一致', en: 'The amount is not the bill’s' },
    next: { zh: '刷新账单；如有异议请提出差异', en: 'Reload the bill; raise a difference if you disagree' },
  },
  amountTooLarge: {
    status: 422,
    title: { zh: '金额超出允许范围', en: 'The amount is more than is left' },
    next: { zh: '减小金额', en: 'Use a smaller amount' },
  },
  payoutsStopped: {
    status: 409,
    title: {
      zh: '与银行的对账存在差异或未按时完成，暂停出金',
      en: 'Payouts are stopped: a difference stands, or the comparison with the bank is overdue',
    },
    next: {
      zh: '等待对账完成、差异由两人处理后再试',
      en: 'Wait until the comparison is done and two people have resolved what differs',
    },
  },
  bankDetailsMissing: {
    status: 409,
    title: { zh: '未登记出金银行账户', en: 'No outside bank account is entered' },
    next: { zh: '先在单位信息中登记银行账户', en: 'Enter the organisation’s bank account first' },
  },
  secondPersonNeeded: {
    status: 403,
    title: { zh: '须由另一人复核', en: 'A second person must approve' },
    next: { zh: '请另一名有复核岗位的人员处理', en: 'Ask another person with the approver’s seat' },
  },
  invoiceExists: {
    status: 409,
    title: { zh: '发票号码已登记', en: 'An invoice of this number is already recorded' },
    next: { zh: '核对发票号码', en: 'Check the number' },
  },
  invoiceNeedsRed: {
    status: 409,
    title: { zh: '退款须先登记红字发票', en: 'A refund needs the red invoice first' },
    next: { zh: '请开票方登记红字发票后再处理', en: 'Ask the issuer to record the red invoice, then go on' },
  },
  payeeShort: {
    status: 409,
    title: { zh: '收款方可用余额不足以退款', en: 'A payee no longer has enough to give back' },
    next: { zh: '请收款方补足余额，或由双方另行处理', en: 'Have the payee pay in, or settle the claim outside' },
  },
  differenceStands: {
    status: 409,
    title: { zh: '差异尚未被抵销', en: 'The difference is not offset yet' },
    next: { zh: '等待银行更正后再选择抵销', en: 'Wait for the bank’s correction before calling it offset' },
  },
  proofTooLarge: {
    status: 413,
    title: { zh: '付款凭证文件过大', en: 'The proof of payment is too large' },
    next: { zh: '上传 5 MB 以内的文件', en: 'Send a file of 5 MB at most' },
  },
  simulatorOnly: {
    status: 409,
    title: { zh: '仅模拟存管银行可用', en: 'Only with the simulated custodian bank' },
    next: { zh: '通过真实银行向子账户转账', en: 'Transfer to the sub-account through the real bank' },
  },
  bankUnreachable: {
    status: 503,
    title: { zh: '暂时无法联系存管银行', en: 'The custodian bank cannot be reached' },
    next: { zh: '稍后自动重试，或稍后再试', en: 'It is retried by itself; or try again later' },
  },
  journalTooLong: {
    status: 422,
    title: { zh: '账簿条目过多', en: 'The journal has too many entries' },
    next: { zh: '用 until 指定更早的日期', en: 'Ask for it until an earlier day' },
  },
});
