/** Settings: one table, each with its environment variable, default and meaning. docs/operate/settings.md is made from it. */
import type { Text } from '@shugu/wire';
import { type NodeKind, nodeKinds } from '@shugu/wire/node-kinds';
import { bucketAddress, httpAddress, mailServer, tlsUnlessHere } from './config-addresses.ts';
import { creditCode, industries, issuerDids, networks, portRange, versions, witnessKeys } from './config-lists.ts';
import { atLeastOne, integer, secondsFrom, share } from './config-numbers.ts';
import { regionDefault } from './db/db.ts';
import { parseProxies } from './http/proxies.ts';
import { parseWitnesses, type Witness } from './publiclog/witnesses.ts';

interface Setting<T> {
  variable: string;
  fallback: T;
  about: Text;
  /** Never printed. */
  secret?: boolean;
  parse(text: string): T;
}

const string = (text: string) => text;
const flag = (text: string) => {
  if (!['0', '1', 'true', 'false'].includes(text)) throw new Error('write 1 or 0');
  return text === '1' || text === 'true';
};
const region = (text: string) => {
  if (!/^[A-Z]{2}(-[A-Z0-9]{1,3})?$|^\d{6}$/.test(text)) throw new Error('write CN-43 or 430000');
  return text;
};
const oneOf =
  <K extends string>(...values: K[]) =>
  (text: string): K => {
    if (!values.includes(text as K)) throw new Error(`one of ${values.join(', ')}`);
    return text as K;
  };

const setting = <T>(
  variable: string,
  fallback: T,
  parse: (text: string) => T,
  zh: string,
  en: string,
  secret = false,
): Setting<T> => ({ variable, fallback, parse, about: { zh, en }, secret });

export const settings = {
  home: setting('SHUGU_HOME', '.shugu', string, '数据目录', 'Folder of all data'),
  host: setting('SHUGU_HOST', '127.0.0.1', string, '监听地址', 'Address to listen on'),
  port: setting('SHUGU_PORT', 7070, integer, '监听端口，0 为任意空闲端口', 'Port to listen on; 0 picks a free one'),
  publicUrl: setting(
    'SHUGU_PUBLIC_URL',
    '',
    string,
    '对外地址，用于二维码与签名地址；空则为监听地址',
    'Address outsiders use, in QR codes and signed addresses; the listening address if empty',
  ),
  databaseUrl: setting(
    'SHUGU_DATABASE_URL',
    '',
    string,
    'PostgreSQL 15 及以上的连接串；空则使用内置数据库',
    'URL of PostgreSQL 15 or newer; the embedded server if empty',
    true,
  ),
  node: setting('SHUGU_NODE', 'hn', string, '节点代码', 'Code of this node'),
  market: setting(
    'SHUGU_MARKET',
    'main',
    string,
    '默认市场（中心）代码',
    'Code of the market (centre) served by default',
  ),
  region: setting(
    'SHUGU_REGION',
    regionDefault,
    region,
    '数据存储地区（ISO 3166-2 代码或六位行政区划代码），随每行记录写入',
    'Region in which data is stored (ISO 3166-2 or a six-digit division code), written into every row',
  ),
  nodeKind: setting(
    'SHUGU_NODE_KIND',
    'city' as NodeKind,
    oneOf(...nodeKinds),
    '节点类型：hub 枢纽（受理其他节点接入）、city 城市、industry 行业、department 部门、supplier 供方',
    'Kind of this node: hub (takes registrations of other nodes), city, industry, department, supplier',
  ),
  nodeIndustries: setting(
    'SHUGU_NODE_INDUSTRIES',
    [] as string[],
    industries,
    '行业节点可上架的行业（GB/T 4754 代码，逗号分隔，如 G,I65）；空则不限',
    'Industries whose products an industry’s node lists (GB/T 4754 codes, comma separated, as G,I65); all if empty',
  ),
  nodeSupplier: setting(
    'SHUGU_NODE_SUPPLIER',
    '',
    creditCode,
    '供方节点的供方：其统一社会信用代码；未填则任何产品都不能上架',
    'Supplier whose node a supplier’s node is, by credit code; without it nothing can be listed there',
  ),
  hubUrl: setting(
    'SHUGU_HUB_URL',
    '',
    httpAddress,
    '拟接入的枢纽地址；空则不接入，也可由运营方在门户中填写',
    'Address of the hub to apply at; none if empty, unless the operator names one in the portal',
  ),
  nodeApplication: setting(
    'SHUGU_NODE_APPLICATION',
    '',
    string,
    '接入申请材料：JSON 文件，列明技术字段与附件；向 SHUGU_HUB_URL 自动申请时随附',
    'File (JSON) of technical fields and attachments that go with the application at SHUGU_HUB_URL',
  ),
  heartbeatSeconds: setting(
    'SHUGU_HEARTBEAT_SECONDS',
    10,
    atLeastOne,
    '枢纽要求节点发送心跳的间隔秒数；错过三次即为离线',
    'Seconds between heartbeats that a hub asks of its nodes; after three missed ones a node is offline',
  ),
  privateNodes: setting(
    'SHUGU_PRIVATE_NODES',
    [] as string[],
    networks,
    '枢纽可以位于的内网地址或网段（逗号分隔）',
    'Private addresses or networks at which the hub may lie (comma separated)',
  ),
  peerWitnesses: setting(
    'SHUGU_PEER_WITNESSES',
    [] as string[],
    witnessKeys,
    '互认其他节点凭证时采信的见证方公钥（逗号分隔），本节点自己的见证方之外',
    'Keys of witnesses (comma separated) whose cosignatures count where a certificate of another node is recognised, besides this node’s own witnesses',
  ),
  peerQuorum: setting(
    'SHUGU_PEER_QUORUM',
    0,
    integer,
    '互认其他节点的凭证须有几个此类见证方联署',
    'How many such witnesses must have cosigned a certificate of another node for it to be recognised',
  ),
  suite: setting(
    'SHUGU_SUITE',
    'intl' as 'intl' | 'sm',
    oneOf('intl', 'sm'),
    '密码套件：intl 为 SHA-256/Ed25519，sm 为 SM3/SM2',
    'Crypto suite: intl is SHA-256/Ed25519, sm is SM3/SM2',
  ),
  clock: setting(
    'SHUGU_CLOCK',
    'system',
    string,
    'system 或模拟日历的起始时刻（仅限演示与测试）',
    'system, or the starting moment of a simulated calendar (demo and tests only)',
  ),
  clockBehindSecondsMax: setting(
    'SHUGU_CLOCK_BEHIND_SECONDS',
    300,
    integer,
    '启动时主机时间最多可比最近记录落后的秒数；在此之内时钟停走等待，超过则拒绝启动',
    'Seconds that the host’s time may be behind the last record at start: so long the clock stands still; beyond, the start is refused',
  ),
  keySecret: setting(
    'SHUGU_KEY_SECRET',
    '',
    string,
    '封装私钥的口令；空则在数据目录生成',
    'Secret that seals private keys; one is made in the data folder if empty',
    true,
  ),
  objectsUrl: setting(
    'SHUGU_OBJECTS_URL',
    '',
    bucketAddress,
    'S3 对象存储地址 https://主机[:端口]/桶[/前缀]，用于存放上传文件、数据与凭证；空则存于数据目录',
    'Object store (S3) for uploads, data and papers, https://host[:port]/bucket[/prefix]; the data folder if empty',
  ),
  objectsRegion: setting('SHUGU_OBJECTS_REGION', 'us-east-1', string, '该对象存储的地区', 'Region of that store'),
  objectsAddressing: setting(
    'SHUGU_OBJECTS_ADDRESSING',
    'path' as 'path' | 'host',
    oneOf('path', 'host'),
    '桶名在路径（path）或主机名（host）中',
    'Where requests name the bucket: in the path, or in the host',
  ),
  objectsKey: setting(
    'SHUGU_OBJECTS_KEY',
    '',
    string,
    '该对象存储的访问密钥 ID',
    'Access key id of that store; needed with it',
  ),
  objectsSecret: setting(
    'SHUGU_OBJECTS_SECRET',
    '',
    string,
    '该对象存储的访问密钥',
    'Secret access key of that store; needed with it',
    true,
  ),
  bankUrl: setting(
    'SHUGU_BANK_URL',
    '',
    string,
    '存管银行适配器地址；空则启动带标识的模拟器',
    'Address of the custodian bank adapter; the labelled simulator is started if empty',
  ),
  bankKey: setting(
    'SHUGU_BANK_KEY',
    '',
    string,
    '与存管银行之间的共享密钥',
    'Key shared with the custodian bank',
    true,
  ),
  nationalUrl: setting(
    'SHUGU_NATIONAL_URL',
    '',
    string,
    '国家数据产权登记服务系统接入适配器地址（已列入目录的登记机构）；空则使用带标识的模拟器，一切文书为样张',
    'Address of the adapter to the national registration system, for a licensed registrar; the labelled simulator if empty, and every paper is a specimen',
  ),
  nationalKey: setting('SHUGU_NATIONAL_KEY', '', string, '接入适配器的密钥', 'Key for that adapter', true),
  registrarRegion: setting(
    'SHUGU_REGISTRAR_REGION',
    '',
    string,
    '登记机构的地域代码（两位）',
    'Region of the licensed registrar, two digits',
  ),
  registrarDigit: setting(
    'SHUGU_REGISTRAR_DIGIT',
    '',
    string,
    '登记机构在该地域的编号（一位）',
    'Digit of the licensed registrar in its region',
  ),
  logLevel: setting(
    'SHUGU_LOG_LEVEL',
    'info' as 'debug' | 'info' | 'warn' | 'error' | 'silent',
    oneOf('debug', 'info', 'warn', 'error', 'silent'),
    '日志级别',
    'Level of the structured log',
  ),
  logDelaySeconds: setting(
    'SHUGU_LOG_DELAY_SECONDS',
    2,
    integer,
    '公开日志公开条目的批次节奏（秒）；承诺的最大延迟为其 30 倍，且不少于一小时',
    'Rhythm of the public log’s clear entries, in seconds; the promised maximum delay is thirty times that, and not less than an hour',
  ),
  commitmentSeconds: setting(
    'SHUGU_COMMITMENT_SECONDS',
    60,
    integer,
    '加盐承诺的批次节奏（秒）：越长，越难由日志推知何时有人交易；不公开的凭证须等到下一批。承诺的最大延迟为其 30 倍，且不少于一小时',
    'Rhythm of commitments in the public log, in seconds: the longer, the less the log tells of when somebody traded; papers that are not public wait for the next batch. The promised maximum delay is thirty times that, and not less than an hour',
  ),
  witnesses: setting(
    'SHUGU_WITNESSES',
    [] as Witness[],
    parseWitnesses,
    '公开日志的见证方：“URL 公钥”，多个以逗号分隔；空则无见证',
    'Witnesses of the public log: “URL VKEY”, pairs separated by commas; none if empty',
  ),
  tsaUrl: setting(
    'SHUGU_TSA_URL',
    '',
    httpAddress,
    '时间戳机构（RFC 3161）地址，为公开日志的检查点加盖外部时间戳；空则不加',
    'Address of a time stamping authority (RFC 3161) that stamps checkpoints of the public log; none are stamped if empty',
  ),
  tsaCertificates: setting(
    'SHUGU_TSA_CERTIFICATES',
    '',
    string,
    '时间戳机构的受信证书（PEM 文件路径）：时间戳须能验证至其中之一；设了时间戳机构则必填',
    'File of the authority’s trusted certificates (PEM), to one of which a stamp must lead; needed with an authority',
  ),
  tsaSeconds: setting(
    'SHUGU_TSA_SECONDS',
    3600,
    atLeastOne,
    '两次时间戳之间至少相隔的秒数；日志没有增长则不请求',
    'Seconds between two time stamps at least; none is asked for while the log has not grown',
  ),
  tsaAuthorization: setting(
    'SHUGU_TSA_AUTHORIZATION',
    '',
    string,
    '请求时间戳时 Authorization 头的内容；空则不带',
    'Value of the header Authorization with which stamps are asked for; none if empty',
    true,
  ),
  authorities: setting(
    'SHUGU_AUTHORITIES',
    '',
    string,
    '已接入的持牌电子认证机构（JSON 文件路径）：其证书可用于签署合同；空则不接入',
    'File (JSON) of the licensed certification authorities whose certificates sign contracts; none if empty',
  ),
  sessionHours: setting('SHUGU_SESSION_HOURS', 12, integer, '登录有效时长（小时）', 'Hours a session lasts'),
  loginTriesPerMinute: setting(
    'SHUGU_LOGIN_TRIES',
    10,
    integer,
    '每账号每分钟登录尝试次数',
    'Sign-in attempts per account and minute',
  ),
  trustedProxies: setting(
    'SHUGU_TRUSTED_PROXIES',
    [] as string[],
    parseProxies,
    '前置反向代理的 IP 地址或网段（逗号分隔）：仅采信其 X-Forwarded-For；空则以直连地址为准',
    'Addresses or blocks of reverse proxies in front (comma separated): their X-Forwarded-For is believed, nobody else’s; if empty, whoever connects is the source',
  ),
  requestsPerSecond: setting(
    'SHUGU_REQUESTS_PER_SECOND',
    200,
    integer,
    '每来源每秒请求数上限',
    'Requests per second and source address',
  ),
  mailUrl: setting(
    'SHUGU_MAIL_URL',
    '',
    mailServer,
    '发信服务器（smtp://… 或 smtps://…）；空则不发邮件',
    'Mail server (smtp://… or smtps://…); nobody is mailed if empty',
    true,
  ),
  mailFrom: setting(
    'SHUGU_MAIL_FROM',
    '',
    string,
    '发信地址；设了发信服务器则必填',
    'Sender of mail; needed with a mail server',
  ),
  oidcIssuer: setting(
    'SHUGU_OIDC_ISSUER',
    '',
    string,
    '统一身份认证（OIDC）签发方；空则关闭',
    'Issuer of an OIDC log-in; off if empty',
  ),
  oidcClient: setting('SHUGU_OIDC_CLIENT', '', string, 'OIDC 客户端编号', 'OIDC client id'),
  oidcSecret: setting('SHUGU_OIDC_SECRET', '', string, 'OIDC 客户端密钥', 'OIDC client secret', true),
  rulePacks: setting(
    'SHUGU_RULE_PACKS',
    '',
    string,
    '规则包目录；空则使用随附规则包',
    'Folder of rule packs; the shipped ones if empty',
  ),
  queryProcesses: setting(
    'SHUGU_QUERY_PROCESSES',
    2,
    atLeastOne,
    '同时运行的查询进程数；每个进程只服务一份合同',
    'Query processes at once; each serves one contract',
  ),
  queryMemoryMB: setting(
    'SHUGU_QUERY_MEMORY_MB',
    384,
    atLeastOne,
    '每个查询进程可用于计算的内存（MB），另有约 300 MB 基础占用',
    'Memory of a query process for its work, MB; about 300 MB more are its own',
  ),
  computeSecretflow: setting(
    'SHUGU_COMPUTE_SECRETFLOW',
    ['0.9.5'],
    versions,
    '份额计算合约可以约定的 SecretFlow（spu 包）版本，逗号分隔；“无”以 none 表示',
    'Versions of SecretFlow (package spu) that contracts on shares may name, comma separated; none for none',
  ),
  computeScql: setting(
    'SHUGU_COMPUTE_SCQL',
    [],
    versions,
    '份额计算合约可以约定的 SCQL 版本，逗号分隔；不设或 none 表示不提供。本系统从未与真实的 SCQL 一起运行过',
    'Versions of SCQL that contracts on shares may name, comma separated; unset or none for none. It was never run here against a real SCQL',
  ),
  computeKuscia: setting(
    'SHUGU_COMPUTE_KUSCIA',
    [],
    versions,
    '隐私求交合约可以约定的、在双方 Kuscia 节点上运行的 SecretFlow PSI 镜像版本（标签），逗号分隔；不设或 none 表示不提供。本系统从未与真实运行的 Kuscia 一起运行过',
    'Versions (tags) of SecretFlow’s PSI image on both owners’ Kuscia nodes that contracts on intersections may name, comma separated; unset or none for none. It was never run here against a running Kuscia',
  ),
  computeSparkPython: setting(
    'SHUGU_COMPUTE_SPARK_PYTHON',
    '',
    string,
    '装有 pyspark 的 Python 的绝对路径；给出后明文计算合约可以约定 Spark（需 Java）',
    'Whole path of a Python that has pyspark; with it contracts of a clean room may name Spark (needs Java)',
  ),
  computeTrinoUrl: setting(
    'SHUGU_COMPUTE_TRINO_URL',
    '',
    tlsUnlessHere,
    'Trino 协调节点地址；给出后明文计算合约可以约定 Trino。除本机回环地址外须为 https',
    'Address of a Trino coordinator; with it contracts of a clean room may name Trino. Https, except on a loopback address',
  ),
  computeTrinoUser: setting(
    'SHUGU_COMPUTE_TRINO_USER',
    'shugu',
    string,
    '在 Trino 中的用户；应只有它能读它所建的模式',
    'User at Trino; nobody else should be able to read the schemas that it makes',
  ),
  computeTrinoPassword: setting(
    'SHUGU_COMPUTE_TRINO_PASSWORD',
    '',
    string,
    '该用户的密码；空则不送',
    'Password of that user; none is sent if empty',
    true,
  ),
  computeTrinoCatalog: setting(
    'SHUGU_COMPUTE_TRINO_CATALOG',
    'memory',
    string,
    'Trino 中可写的目录；每次使用在其中建一个模式，用后删除',
    'Catalog of Trino that can be written to: each use makes a schema in it and drops that after',
  ),
  computeHost: setting(
    'SHUGU_COMPUTE_HOST',
    '127.0.0.1',
    string,
    '本节点作为份额计算第三方的监听地址',
    'Address at which this node listens as the third party of computations on shares',
  ),
  computeAddress: setting(
    'SHUGU_COMPUTE_ADDRESS',
    '',
    string,
    '数据持有单位连接上述地址所用的主机名；空则为监听地址',
    'Host under which owners reach it; the address it listens on if empty',
  ),
  computePorts: setting(
    'SHUGU_COMPUTE_PORTS',
    [] as number[],
    portRange,
    '第三方监听的端口范围（如 7300-7309），同时进行的份额计算不多于其个数；空则任取空闲端口',
    'Ports that it may listen on (7300-7309, say), as many as computations on shares at once; any free one if empty',
  ),
  privateUpstreams: setting(
    'SHUGU_PRIVATE_UPSTREAMS',
    '',
    string,
    '允许转发的内网上游（host:port，逗号分隔）',
    'Private upstreams that the proxy may reach (host:port, comma separated)',
  ),
  privateWebhooks: setting(
    'SHUGU_PRIVATE_WEBHOOKS',
    [] as string[],
    networks,
    '允许会员接收地址指向的内网地址或网段（逗号分隔）',
    'Private addresses or networks that members’ webhooks may lead to (comma separated)',
  ),
  privateConnectors: setting(
    'SHUGU_PRIVATE_CONNECTORS',
    [] as string[],
    networks,
    '数据空间对方连接器可以位于的内网地址或网段（逗号分隔）',
    'Private addresses or networks at which connectors of counter-parties may lie (comma separated)',
  ),
  accessTokenSeconds: setting(
    'SHUGU_ACCESS_TOKEN_SECONDS',
    300,
    secondsFrom(60),
    '可续期传输（http-pull）的访问令牌有效秒数，至少 60；需方凭刷新令牌续期',
    'Seconds that access tokens of transfers with renewal (http-pull) live, at least 60; consumers renew them',
  ),
  trustedIssuers: setting(
    'SHUGU_TRUSTED_ISSUERS',
    [] as string[],
    issuerDids,
    '信任其会员凭证的签发方（did:web，逗号分隔），本节点自身除外',
    'Issuers whose credentials of membership are trusted (did:web, comma separated), beside this node itself',
  ),
  trustNodes: setting(
    'SHUGU_TRUST_NODES',
    true,
    flag,
    '信任所接入枢纽及其名册上的节点、以及在本枢纽登记的节点：其为会员签发的凭证、资金担保与互结对账单',
    'Trust the hub of this node and the nodes that it names, or nodes registered at this hub: credentials of their members, money they guarantee, mutual statements',
  ),
  nodeExposureYuan: setting(
    'SHUGU_NODE_EXPOSURE_YUAN',
    1_000_000,
    integer,
    '本节点与每一其他节点之间（两个方向分别计算）尚未对账的资金担保上限（元）；超出的购买与担保不予受理',
    'Yuan that this node guarantees to each other node, and each of them to it, at most, until both have signed a statement; what goes beyond is refused',
  ),
  pushFolder: setting(
    'SHUGU_PUSH_FOLDER',
    '',
    string,
    '推送交付可写入的根文件夹，每家需方各占一级；空则不允许推送到文件夹',
    'The folder below which pushes may write, one level for each buyer; none when empty',
  ),
  privateDestinations: setting(
    'SHUGU_PRIVATE_DESTINATIONS',
    [] as string[],
    networks,
    '推送目的地与导入所用数据库可以指向的内网地址或网段（逗号分隔）',
    'Private addresses or networks at which destinations of pushes and databases to import from may lie (comma separated)',
  ),
  privateSources: setting(
    'SHUGU_PRIVATE_SOURCES',
    [] as string[],
    networks,
    '目录采集源可以指向的内网地址或网段（逗号分隔）',
    'Private addresses or networks at which harvest sources may lie (comma separated)',
  ),
  tracesUrl: setting(
    'SHUGU_TRACES_URL',
    '',
    httpAddress,
    '接收链路追踪数据的收集器地址（OTLP/HTTP，JSON；其下的 /v1/traces），独立网关亦用；空则不发送。非 https 仅限 SHUGU_PRIVATE_COLLECTORS 所列 IP 地址',
    'Address of a collector that takes spans (OTLP over HTTP, JSON; /v1/traces below it), for gateways of their own process too; none are sent if empty. Without TLS only to an IP address that SHUGU_PRIVATE_COLLECTORS names',
  ),
  tracesShare: setting(
    'SHUGU_TRACES_SHARE',
    0.01,
    share,
    '记录链路的请求所占比例（0 至 1）；有权调用方以 traceparent 要求记录的，每进程每秒另准 10 个',
    'Share of requests that are traced, 0 to 1; of those for which a known caller asks by its traceparent, ten more each second and process',
  ),
  tracesAuthorization: setting(
    'SHUGU_TRACES_AUTHORIZATION',
    '',
    string,
    '发送链路数据时 Authorization 头的内容；空则不带',
    'Value of the header Authorization with which spans are sent; none if empty',
    true,
  ),
  privateCollectors: setting(
    'SHUGU_PRIVATE_COLLECTORS',
    [] as string[],
    networks,
    '链路收集器可以位于的内网地址或网段（逗号分隔）',
    'Private addresses or networks at which the collector of traces may lie (comma separated)',
  ),
  gatewayGraceSeconds: setting(
    'SHUGU_GATEWAY_GRACE_SECONDS',
    10,
    atLeastOne,
    '独立网关与交易所失去联系后可继续服务的秒数；不得长于份额有效期',
    'Seconds that a gateway of its own process may serve while cut off; not longer than its slices last',
  ),
  gatewaySliceSeconds: setting(
    'SHUGU_GATEWAY_SLICE_SECONDS',
    60,
    atLeastOne,
    '租给独立网关的用量份额的有效秒数，联系正常时自动续期',
    'Seconds that slices of limits leased to such gateways last; renewed while they are in contact',
  ),
  checkReplies: setting(
    'SHUGU_CHECK_REPLIES',
    false,
    flag,
    '按模式核对每个答复（测试用，较慢）',
    'Hold every reply against its schema (for tests; slower)',
  ),
} as const;

export type Config = { [K in keyof typeof settings]: (typeof settings)[K]['fallback'] };

/** Reads the environment; every fault is reported at once, by variable. `over` wins, for tests and the command line. */
export const readConfig = (environment: Record<string, string | undefined>, over: Partial<Config> = {}): Config => {
  const faults: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(settings) as [keyof Config, Setting<unknown>][]) {
    const text = environment[one.variable];
    try {
      config[key] = over[key] ?? (text === undefined || text === '' ? one.fallback : one.parse(text));
    } catch (error) {
      faults.push(`${one.variable}: ${(error as Error).message}`);
    }
  }
  const known = new Set(Object.values(settings).map((one) => one.variable));
  for (const variable of Object.keys(environment))
    if (/^SHUGU_[A-Z_]+$/.test(variable) && !known.has(variable) && !/^SHUGU_(TEST|CRASH|BENCH|CWD|E2E)/.test(variable))
      faults.push(`${variable}: no such setting`);
  const witnessesOfPeers = (config.peerWitnesses as string[]).length + (config.witnesses as Witness[]).length;
  if ((config.peerQuorum as number) > witnessesOfPeers)
    faults.push('SHUGU_PEER_QUORUM: more than there are witnesses in SHUGU_PEER_WITNESSES and SHUGU_WITNESSES');
  if (config.mailUrl && !config.mailFrom) faults.push('SHUGU_MAIL_FROM: needed with SHUGU_MAIL_URL');
  if (config.objectsUrl && !(config.objectsKey && config.objectsSecret))
    faults.push('SHUGU_OBJECTS_KEY, SHUGU_OBJECTS_SECRET: needed with SHUGU_OBJECTS_URL');
  if (config.tsaUrl && !config.tsaCertificates) faults.push('SHUGU_TSA_CERTIFICATES: needed with SHUGU_TSA_URL');
  if (Number(config.gatewayGraceSeconds) > Number(config.gatewaySliceSeconds))
    faults.push('SHUGU_GATEWAY_GRACE_SECONDS: not longer than SHUGU_GATEWAY_SLICE_SECONDS');
  if (faults.length) throw new Error(`settings are wrong:\n  ${faults.join('\n  ')}`);
  return config as Config;
};
