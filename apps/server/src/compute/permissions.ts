import type { PermissionTable } from '../kernel/http/principal.ts';

const members = ['resourceProvider', 'technicalServiceProvider', 'productSupplier', 'dataMerchant', 'demander'];
const supervisors = ['operator', 'regulator'];

export const permissions: PermissionTable = {
  'compute.contract.read': {
    title: { zh: '查看计算合约', en: 'See computation contracts' },
    roles: [...members, ...supervisors],
    seats: ['administrator', 'trader', 'steward', 'finance', 'developer', 'reviewer', 'approver', 'officer'],
  },
  'compute.contract.supervise': {
    title: { zh: '查看全部计算合约（不含结果）', en: 'See every computation contract, without results' },
    roles: supervisors,
    seats: ['reviewer', 'approver', 'officer'],
  },
  'compute.contract.draft': {
    title: { zh: '起草计算合约', en: 'Draft computation contracts' },
    roles: members,
    seats: ['trader'],
  },
  'compute.contract.sign': {
    title: { zh: '签署与撤销计算合约', en: 'Sign and revoke computation contracts' },
    roles: members,
    seats: ['trader', 'administrator'],
  },
  'compute.output.answer': {
    title: {
      zh: '查看并批准或拒绝待发布的输出',
      en: 'See outputs before they are given out, and approve or refuse them',
    },
    roles: members,
    seats: ['trader', 'administrator'],
  },
  'compute.use.run': {
    title: { zh: '按计算合约运行', en: 'Run what a computation contract agrees on' },
    roles: members,
    seats: ['trader', 'developer'],
  },
  'compute.use.result': {
    title: { zh: '取得计算结果', en: 'Fetch results of computations' },
    roles: members,
    seats: ['trader', 'developer', 'steward'],
  },
};
