import type { PermissionTable } from '../kernel/http/principal.ts';

const traders = ['resourceProvider', 'productSupplier', 'dataMerchant', 'demander'];

export const permissions: PermissionTable = {
  'nodes.goods.read': {
    title: { zh: '查看各节点的产品', en: 'See listings of all nodes' },
    roles: [...traders, 'operator', 'regulator'],
    seats: [
      'administrator',
      'trader',
      'finance',
      'steward',
      'developer',
      'systemAdministrator',
      'reviewer',
      'approver',
      'service',
      'officer',
    ],
  },
  'nodes.purchase.read': {
    title: { zh: '查看本单位在其他节点的购买', en: 'See what the organisation buys at other nodes' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'nodes.purchase.write': {
    title: { zh: '购买其他节点的产品', en: 'Buy products of other nodes' },
    roles: traders,
    seats: ['administrator', 'trader'],
  },
  'nodes.statement.read': {
    title: { zh: '查看与其他节点的互结对账单', en: 'See mutual statements with other nodes' },
    roles: ['operator', 'regulator'],
    seats: ['systemAdministrator', 'reviewer', 'approver', 'service', 'finance', 'officer'],
  },
  'nodes.statement.write': {
    title: { zh: '出具互结对账单', en: 'Draw up mutual statements with other nodes' },
    roles: ['operator'],
    seats: ['service', 'finance'],
  },
  'nodes.statement.correct': {
    title: { zh: '更正有差异的互结对账单', en: 'Correct mutual statements that differ' },
    roles: ['operator'],
    seats: ['approver'],
  },
  'nodes.node.read': {
    title: { zh: '查看节点登记', en: 'See registrations of nodes' },
    roles: ['operator', 'regulator'],
    seats: ['systemAdministrator', 'reviewer', 'approver', 'service', 'officer'],
  },
  'nodes.uplink.read': {
    title: { zh: '查看本节点的接入状态', en: 'See this node at its hub' },
    roles: ['operator'],
    seats: ['systemAdministrator', 'reviewer', 'approver', 'service'],
  },
  'nodes.uplink.write': {
    title: { zh: '向枢纽申请接入', en: 'Apply at a hub' },
    roles: ['operator'],
    seats: ['systemAdministrator'],
  },
  'nodes.recognition.write': {
    title: { zh: '核验并互认其他节点的登记凭证', en: 'Check and recognise certificates of other nodes' },
    roles: ['operator', 'registrar'],
    seats: ['reviewer', 'approver', 'service', 'clerk'],
  },
  'nodes.recognition.read': {
    title: { zh: '查看互认记录', en: 'See what was recognised' },
    roles: ['operator', 'registrar'],
    seats: ['reviewer', 'approver', 'service', 'clerk'],
  },
};
