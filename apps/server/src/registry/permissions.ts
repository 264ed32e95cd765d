/** Who may do what here. Steps of registration cases are declared with their procedures, in the rule pack. */
import type { PermissionTable } from '../kernel/http/principal.ts';

const holders = ['resourceProvider', 'technicalServiceProvider', 'productSupplier', 'dataMerchant'];

export const permissions: PermissionTable = {
  'registry.resource.write': {
    title: { zh: '登记与维护数据资源', en: 'Enter and keep data resources' },
    roles: holders,
    seats: ['steward', 'trader', 'developer'],
  },
  'registry.resource.read': {
    title: { zh: '查看本单位数据资源', en: 'See the organisation’s resources' },
    roles: holders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'registry.resource.supervise': {
    title: { zh: '查看全部数据资源', en: 'See every resource' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'officer'],
  },
  'registry.right.remark': {
    title: { zh: '记载与解除备注', en: 'Record and lift remarks' },
    roles: ['registrar'],
    seats: ['registrarReviewer'],
  },
  'registry.registrar.write': {
    title: { zh: '维护登记机构公开信息', en: 'Keep the registrar’s public page' },
    roles: ['registrar'],
    seats: ['administrator'],
  },
};
