/**
 * Who computes under a contract. Contract, counter, evidence and the gate of results are the same whoever does; what an engine says of
 * itself is data here, and the two places where one runs have an interface each: beside an owner's data (`PartyEngine`), and in the clean
 * room of the node (`RoomEngine`).
 */
import type { ComputationMode } from '../contract/terms.ts';
import type { Role } from '../intersect/agree.ts';
import type { OwnerReport } from '../intersect/result.ts';
import { type IntersectMode, type Terms, withOwnKeys } from '../intersect/terms.ts';
import type { StartedParty } from '../party/start.ts';
import { type Plan, payloadOf } from '../shares/plan.ts';
import type { SharesReport } from '../shares/play.ts';
import type { Recipient, SharesProtocol, SharesTerms } from '../shares/terms.ts';

export const engineNames = ['local', 'secretflow', 'spark', 'trino', 'scql', 'kuscia'] as const;
export type EngineName = (typeof engineNames)[number];

/** What a contract says of its engine: another one, or another version, is another contract. */
export interface AgreedEngine {
  name: Exclude<EngineName, 'local'>;
  /** Of the engine's own package. */
  version: string;
}

interface Told {
  zh: string;
  en: string;
}

const kusciaTrust = withOwnKeys({
  zh: '未经实测：本系统与 Kuscia 的对接按其公开接口写成，从未与真实运行的 Kuscia 一起运行过。前提：双方按协议行事（半诚实），并信任各自的 Kuscia 节点和其中登记的 SecretFlow PSI 镜像及其 KKRT 隐私求交；交易所不参与计算。双方看到对方去重后的数量；没有第三方，无人可串通。参与方的节点须开启任务审批：作业与合约推得的描述逐字相同，本方才批准，批准之前不交出文件；但镜像是各自节点登记的，实际运行的是否正是它，由各自负责。使用期间，各方的标识以本次使用专用的哈希值连同行号，以其节点可读的文件放在约定之处，用后删除；能读该文件者可用已知标识逐个试出。结果本身透露什么、输入是否真实，不受协议约束。',
  en: 'Untested: this was written by Kuscia’s published API and has never run against a running Kuscia. Holds if both owners follow the protocol (semi-honest) and trust each its own Kuscia node, the SecretFlow PSI image registered there and its KKRT intersection; the exchange takes no part. Each sees how many distinct keys the other has; there is no third to collude with. The second owner’s node has approval of jobs switched on: it approves a job that is word for word what the contract makes of it, and hands over no file before that; which image runs under the agreed name is for each to see to at its own node. During a use a file with hashes of an owner’s keys, made for that use, and row numbers lies where its node can read it, and is removed after; whoever reads it could try out known keys. Nothing limits what the result itself tells, or forces anybody to bring true keys.',
});

export interface EngineDescription {
  title: string;
  /** In which of a contract's modes it runs. */
  modes: readonly ComputationMode[];
  /** Of which package the version is; null for what belongs to this program. */
  package: string | null;
  /** Versions that the interop tests have run; where there are none, it was never run against a real one. */
  checked: readonly string[];
  /** Whether the exchange is the third party of a computation at the owners, where its protocol has one. */
  third: boolean;
  /** What the parties have to believe; null where the mode says it. */
  trust: Told | null;
  /** The same of an intersection, where it runs those. */
  intersectionTrust?: Told;
}

export const engines: Readonly<Record<EngineName, EngineDescription>> = {
  local: {
    title: 'Shugu',
    modes: ['cleanRoom', 'shares', 'psi'],
    package: null,
    checked: [],
    third: true,
    trust: null,
  },
  secretflow: {
    title: 'SecretFlow SPU',
    modes: ['shares', 'psi'],
    package: 'spu',
    checked: ['0.9.5'],
    third: false,
    trust: withOwnKeys({
      zh: '前提：双方按协议行事（半诚实），并信任各自机器上所装的 SecretFlow SPU；交易所不参与计算，看不到份额。双方先以 KKRT 隐私求交对齐，得知自己哪些行匹配；数值只以两方秘密分享（Cheetah）参与，此外双方得知行数、查询、小数位数和组数。没有第三方，无人可串通。双方之间的连接由引擎建立，不加密，只允许在本机回环地址（或通到那里的隧道）上。少于约定人数的组不打开，由双方在份额上判断；除此之外，结果本身透露什么、输入是否真实，不受协议约束。',
      en: 'Holds if both owners follow the protocol (semi-honest) and trust the SecretFlow SPU on their own machine; the exchange takes no part and sees no share. Rows are matched by KKRT private set intersection first: each owner learns which of its rows match. Values enter as shares between the two alone (Cheetah); besides, both learn the number of rows, the query, the decimals and how many groups there are; there is no third to collude with. The engine’s own connection is not encrypted, so it is taken on loopback addresses only, or through a tunnel that ends there. A group with fewer entities than agreed stays closed, which the two decide on shares. Beyond that nothing limits what the result itself tells, or forces anybody to bring true data.',
    }),
    intersectionTrust: withOwnKeys({
      zh: '前提：双方按协议行事（半诚实），并信任各自机器上所装的 SecretFlow 及其 KKRT 隐私求交；交易所不参与计算。双方看到对方去重后的数量；没有第三方，无人可串通。双方之间的连接由引擎建立，不加密，只允许在本机回环地址（或通到那里的隧道）上。结果本身透露什么、输入是否真实，不受协议约束。',
      en: 'Holds if both owners follow the protocol (semi-honest) and trust the SecretFlow on their own machine and its KKRT intersection; the exchange takes no part. Each sees how many distinct keys the other has; there is no third to collude with. The engine’s own connection is not encrypted, so it is taken on loopback addresses only, or through a tunnel that ends there. Nothing limits what the result itself tells, or forces anybody to bring true keys.',
    }),
  },
  spark: {
    title: 'Apache Spark',
    modes: ['cleanRoom'],
    package: 'pyspark',
    checked: ['3.5.7'],
    third: false,
    trust: {
      zh: '前提：数据持有单位与接收单位信任本节点及其上的 Spark。数据以明文在本节点的 Spark 进程中计算，节点运营方在技术上能够看到；接收单位只得到约定的结果。此外各方看到每次使用的时间、用时和结果行数；结果本身透露什么、数据是否真实，不受约束。',
      en: 'Holds if owner and recipients trust this node and the Spark on it. Spark computes on the plain data in a process of this node, and its operator could technically see them; recipients get the agreed result and nothing else. Besides, all parties see when each use ran, how long it took and how many rows came of it; nothing limits what the result itself tells, or forces anybody to bring true data.',
    },
  },
  trino: {
    title: 'Trino',
    modes: ['cleanRoom'],
    package: 'trino',
    checked: ['483'],
    third: false,
    trust: {
      zh: '前提：数据持有单位与接收单位信任本节点及其运营方所用的 Trino。查询要读的列在每次使用时以明文送入该 Trino 中专为这次使用所建的模式，算完即删；其运营方和在其中有权的用户在技术上能够看到，内存、磁盘和日志中的痕迹由其管理；接收单位只得到约定的结果。节点在删除前中断的，模式留到下一次使用时删除。此外各方看到每次使用的时间、用时和结果行数；结果本身透露什么、数据是否真实，不受约束。',
      en: 'Holds if owner and recipients trust this node and the Trino that its operator uses. For each use the columns that the query reads go there in the clear, into a schema made for that use and dropped after it; whoever runs that Trino, or has rights in it, could technically see them, and what its memory, disks and logs keep is theirs to manage. Recipients get the agreed result and nothing else. Where the node dies before it has dropped the schema, the next use does. Besides, all parties see when each use ran, how long it took and how many rows came of it; nothing limits what the result itself tells, or forces anybody to bring true data.',
    },
  },
  scql: {
    title: 'SCQL',
    modes: ['shares'],
    package: 'scql',
    checked: [],
    third: false,
    trust: withOwnKeys({
      zh: '未经实测：本系统与 SCQL 的对接按其公开接口写成，从未与真实的 SCQL 一起运行过。前提：双方按协议行事（半诚实），并信任各自的 SCQLBroker、SCQLEngine 及其 Cheetah 协议和隐私求交；交易所不参与计算。双方得知自己哪些行匹配、对方自己的条件留下多少行、查询和小数位数；没有第三方，无人可串通。本系统只提出合约约定的查询，人数下限写在查询和项目设置中；但在一次使用的项目开放期间，接收单位的 SCQLBroker 在技术上可以提出列授权所允许的其他汇总，SCQL 对不分组的汇总不设人数下限，另一方须信任接收单位不这样做。数据持有单位的文件在使用期间以其引擎可读的形式放在约定之处，用后删除；其内容由本系统核对承诺后写出，引擎是否读的正是该文件，由该单位负责。除此之外，结果本身透露什么、输入是否真实，不受协议约束。',
      en: 'Untested: this was written by SCQL’s published API and has never run against a real SCQL. Holds if both owners follow the protocol (semi-honest) and trust the SCQLBroker and SCQLEngine of each, with their Cheetah protocol and private intersection; the exchange takes no part. Each owner learns which of its rows match, how many rows the other’s own conditions leave, the query and the decimals; there is no third to collude with. Only the contract’s query is asked, with the least number of people in it and in the project’s settings; but while the project of a use is open, the recipient’s SCQLBroker could technically ask other sums that the column grants allow, and SCQL sets no least number for sums without groups: the other owner trusts the recipient not to. During a use an owner’s file lies, readable by its engine, where the owner said, and is removed after; it is written after the check against the commitment, and that the engine reads this very file is for that owner to see to. Beyond that nothing limits what the result itself tells, or forces anybody to bring true data.',
    }),
  },
  kuscia: {
    title: 'Kuscia (SecretFlow PSI)',
    modes: ['psi'],
    package: 'secretflow/psi',
    checked: [],
    third: false,
    trust: kusciaTrust,
    intersectionTrust: kusciaTrust,
  },
};

/** What its scheduler is asked to run, as both owners work it out alone. */
export interface EngineJob {
  id: string;
  /** Of the job's whole description. */
  digest: string;
}

/** Written by what its makers publish, and never run against a real one: said wherever it is named. */
export const isUntested = (name: EngineName): boolean =>
  engines[name].package !== null && engines[name].checked.length === 0;

export const engineOf = ({ engine }: { engine?: AgreedEngine | undefined }): EngineName => engine?.name ?? 'local';

/** Of the two owners alone. */
const withoutThird: readonly string[] = ['ecdh', 'sm2', 'kkrt'] satisfies IntersectMode[];

/** Whether the exchange plays the third party, or deals, under such a contract: by its engine, and by its protocol. */
export const hasThird = ({
  engine,
  protocol,
}: {
  engine?: AgreedEngine | undefined;
  protocol?: IntersectMode | SharesProtocol | undefined;
}): boolean => engines[engineOf({ engine })].third && (protocol === undefined || !withoutThird.includes(protocol));

/** One owner's part of a use, as every engine is given it. */
export interface EnginePart {
  terms: SharesTerms | Terms;
  role: Role;
  /** X25519 private key of the owner's process, in hex. */
  secret: string;
  /** Where this one listens; port 0 for any. */
  host: string;
  port: number;
  /** host:port of the other owner's process; null where that comes to this one, or both to the exchange. */
  peer: string | null;
  /** host:port of the exchange; null where it takes no part. */
  helper: string | null;
  meetMs: number;
  /** How long the other party may say nothing, where the engine asks. */
  silenceMs?: number;
  /** Salt in hex; a private folder. Of an intersection the column of keys, too, and where common rows go. */
  input: { path: string; salt: string; folder: string; column?: string; out?: string };
  /** Commitments that the contract names, in hex. */
  agreed: { own: string; peer: string };
}

/** Of a query, as this package's own parties tell it; `rows` and `bytes` are null where an engine does not tell them. */
export type QueryReport = Omit<SharesReport, 'bytes' | 'rows'> & {
  bytes: SharesReport['bytes'] | null;
  rows: number | null;
};
/** The other is of rows or a count of an intersection. */
export type EngineReport = QueryReport | OwnerReport;

/** What is killed may be a process, or what is asked of a service. */
export type EngineStarted = Omit<StartedParty<EngineReport>, 'child'> & {
  child: { kill(signal?: 'SIGKILL'): boolean };
  /** Of one that gives the computation to a scheduler: for the owner's statement. */
  job?: EngineJob;
};

/** Computes beside an owner's data, in processes of its own. */
export interface PartyEngine {
  readonly name: EngineName;
  /**
   * Of an engine that connects by itself, not by this package's channel: both must know where the other is before they begin, nothing of it
   * is encrypted or proven, and it does not hear in time that the other has gone. `lastMs`: after the other owner has stated its part, how
   * long its last message may still be under way.
   */
  readonly ownLink?: { lastMs: number };
  /** Of one that runs by services of the owners, which find each other by themselves: nobody comes to this process. */
  readonly brokered?: { lastMs: number };
  /** Of what is installed here; undefined where nothing is. This program's own has none of its own. */
  version?(): Promise<string | undefined>;
  /** Its outcome fails with the reason; killing its child ends it. */
  start(part: EnginePart): EngineStarted;
}

export const secretflowLimits = {
  groups: 64,
  /** Rows times groups. */
  cells: 1 << 22,
  /** Of the other party, milliseconds. */
  silenceMs: 120_000,
  lastMs: 20_000,
  playSeconds: 3600,
} as const;

/** What SecretFlow is not asked to do of what plans can say; undefined where it takes the plan. Pure. */
export const secretflowFault = (plan: Plan, recipient: Recipient): string | undefined => {
  if (plan.align === 'place') return 'rows are matched by keys in this engine';
  if (payloadOf(plan)) return 'hidden matches are not taken by this engine';
  if (plan.compared.length > 0) return 'numbers of both owners are not compared by this engine';
  if (plan.top) return 'ORDER BY … LIMIT is not taken by this engine';
  if (plan.atLeast && plan.groups && recipient !== plan.groups.owner)
    return 'HAVING with groups is taken by this engine where the groups’ owner alone gets the result';
  return undefined;
};
