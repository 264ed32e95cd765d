/** 节点类型: what a node of each kind is for, what it takes in and lets out. Data alone; server, portal and command line read it. */
import type { Text } from './endpoint.ts';

export const nodeKinds = ['hub', 'city', 'industry', 'department', 'supplier'] as const;
export type NodeKind = (typeof nodeKinds)[number];

/** What may stand on its market: anything; products of its industries; what is free; what its one supplier offers. */
export const listingScopes = ['anything', 'industries', 'free', 'ownSupplier'] as const;
/** What a new node still has to do; whether it is done is worked out from what stands (`nodes/steps.ts`). */
export const nodeSteps = ['staff', 'industries', 'supplier', 'hub', 'members', 'listing', 'nodes'] as const;
export type NodeStep = (typeof nodeSteps)[number];

export interface KindOfNode {
  /** Of the infrastructure's access rules: 0 业务节点, 1 区域/行业, 2 全域. */
  type: 0 | 1 | 2;
  /** Kinds whose registrations it takes; none: it is nobody's hub. Which kind stands below which is our reading of the three types. */
  takes: readonly NodeKind[];
  lists: (typeof listingScopes)[number];
  /** Whether the small market of the demo may be played on it: several suppliers, and prices. */
  demo: boolean;
  steps: readonly NodeStep[];
  about: Text;
}

export const kindsOfNode: Record<NodeKind, KindOfNode> = {
  hub: {
    type: 2,
    takes: nodeKinds,
    lists: 'anything',
    demo: true,
    steps: ['staff', 'nodes', 'members', 'listing'],
    about: {
      zh: '枢纽：受理各类节点接入，汇集其目录与需求',
      en: 'a hub: takes nodes of every kind, and gathers what they list and demand',
    },
  },
  city: {
    type: 1,
    takes: ['department', 'supplier'],
    lists: 'anything',
    demo: true,
    steps: ['staff', 'hub', 'members', 'listing', 'nodes'],
    about: {
      zh: '城市节点：一地的市场；受理本地部门节点、供方节点接入',
      en: 'the market of a place; takes nodes of departments and suppliers below it',
    },
  },
  industry: {
    type: 1,
    takes: ['supplier'],
    lists: 'industries',
    demo: true,
    steps: ['staff', 'industries', 'hub', 'members', 'listing', 'nodes'],
    about: {
      zh: '行业节点：只上架所列行业的产品；受理供方节点接入',
      en: 'the market of an industry: lists products of the industries that it names; takes nodes of suppliers below it',
    },
  },
  // Public data for governance and the public good is free (发改价格〔2025〕65号); what is charged for is an authorised operator's.
  department: {
    type: 0,
    takes: [],
    lists: 'free',
    demo: false,
    steps: ['staff', 'hub', 'members', 'listing'],
    about: {
      zh: '部门节点：只上架免费产品，可发布需求；收费产品由授权运营机构在其他节点上架',
      en: 'a department: lists what is free, and may demand; what is charged for is an authorised operator’s, at another node',
    },
  },
  supplier: {
    type: 0,
    takes: [],
    lists: 'ownSupplier',
    demo: false,
    steps: ['staff', 'supplier', 'hub', 'listing'],
    about: {
      zh: '供方节点：只上架一家供方自己的产品，由其他节点的会员购买',
      en: 'a supplier’s connector: lists that one supplier’s own products, for members of other nodes',
    },
  },
};

/** Whether the market is bounded by what the settings name, and what for. */
export const namesIndustries = (kind: NodeKind): boolean => kindsOfNode[kind].lists === 'industries';
export const namesSupplier = (kind: NodeKind): boolean => kindsOfNode[kind].lists === 'ownSupplier';

/** GB/T 4754: a section letter, with division, group or class digits. */
export const industryCode = /^[A-T](\d{2,4})?$/;
/** A code lies in those named where one of them begins it; where none is named every code does. */
export const inIndustries = (code: string, named: readonly string[]): boolean =>
  named.length === 0 || named.some((one) => code.startsWith(one));

/** What is to be done, as portal and command line say it. */
export const stepWords: Record<NodeStep, Text> = {
  staff: {
    zh: '为运营方添加审核与复核岗位人员（一个办件须两人经手）',
    en: 'give the operator a reviewer and an approver: every case takes two people',
  },
  industries: {
    zh: '在设置 SHUGU_NODE_INDUSTRIES 中列明可上架的行业，否则不限',
    en: 'name the industries in the setting SHUGU_NODE_INDUSTRIES; all are listed otherwise',
  },
  supplier: {
    zh: '在设置 SHUGU_NODE_SUPPLIER 中指明供方，并由其入场',
    en: 'name the supplier in the setting SHUGU_NODE_SUPPLIER, and have it admitted',
  },
  hub: { zh: '向枢纽申请接入，直至激活', en: 'apply at a hub, until this node is active there' },
  members: { zh: '受理首家会员入场', en: 'admit a first member' },
  listing: { zh: '首个产品上架', en: 'have a first product listed' },
  nodes: { zh: '受理首个节点接入', en: 'let a first node in' },
};
