import type { PermissionTable } from '../kernel/http/principal.ts';

export const permissions: PermissionTable = {
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
