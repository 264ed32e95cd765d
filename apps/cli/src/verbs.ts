/** The verbs of the command line: how each is called, what it does, and where it stands; loaded only when asked for. */
import { kindsOfNode, nodeKinds } from '@shugu/wire/node-kinds';
import type { Context } from './command.ts';

interface Told {
  zh: string;
  en: string;
}

export interface Verb {
  usage: string;
  does: Told;
  /** Options and remarks, shown by `shugu help VERB`. */
  more: readonly (readonly [string, Told])[];
  load(): Promise<{ run(args: string[], context: Context): Promise<number> }>;
}

const json: readonly [string, Told] = [
  '--json',
  { zh: '结果写成标准输出上的一个 JSON 对象', en: 'the result as one JSON object on standard output' },
];
const home: readonly [string, Told] = [
  '--home DIR',
  { zh: '节点的数据文件夹（默认 .shugu）', en: 'the node’s folder of data (.shugu unless said)' },
];
const plainKey: readonly [string, Told] = [
  '--key KEY',
  { zh: '直接给出密钥；同机其他用户可能看到', en: 'the key itself; others on this machine may see it' },
];
const passphrase: readonly [string, Told] = [
  '--passphrase-file FILE',
  { zh: '口令在该文件的第一行', en: 'the passphrase is the first line of that file' },
];

export const verbs: Record<string, Verb> = {
  start: {
    usage: 'start [--port N] [--home DIR] [--no-demo]',
    does: { zh: '启动交易所（首次附带演示数据）', en: 'start the exchange, with demo data the first time' },
    more: [
      ['--port N', { zh: '门户与接口的端口', en: 'port of portal and API' }],
      home,
      ['--no-demo', { zh: '不要演示数据，从空节点开始', en: 'no demo data: an empty node' }],
    ],
    load: () => import('./start.ts'),
  },
  node: {
    usage:
      'node --kind KIND [--industry CODES] [--supplier CODE] [--hub URL] [--application FILE] [--port N] [--home DIR] [--no-demo]',
    does: { zh: '作为某类节点启动，并向枢纽申请接入', en: 'start as a node of some kind, and apply at a hub' },
    more: [
      ...nodeKinds.map((kind) => [`--kind ${kind}`, kindsOfNode[kind].about] as const),
      [
        '--industry CODES',
        {
          zh: '行业节点：可上架的行业（GB/T 4754 代码，如 G,I65；不给则不限）',
          en: 'of an industry’s node: what it lists (GB/T 4754 codes, as G,I65; all unless said)',
        },
      ],
      [
        '--supplier CODE',
        {
          zh: '供方节点：其供方的统一社会信用代码（必须给出）',
          en: 'of a supplier’s node: that supplier’s credit code, without which it does not start',
        },
      ],
      ['--hub URL', { zh: '枢纽地址：启动后自动申请接入', en: 'address of the hub, at which it applies by itself' }],
      [
        '--application FILE',
        {
          zh: '接入申请材料（JSON）：技术字段与附件',
          en: 'what goes with it (JSON): technical particulars and attachments',
        },
      ],
      ['--port N', { zh: '门户与接口的端口', en: 'port of portal and API' }],
      home,
      [
        '--no-demo',
        {
          zh: '不要演示数据（部门、供方与列明行业的节点从无演示数据）',
          en: 'no demo data; nodes of departments, suppliers and named industries never have any',
        },
      ],
    ],
    load: () => import('./node.ts'),
  },
  demo: {
    usage: 'demo --network [--nodes N] | --compute [--rows N] [--json]',
    does: {
      zh: '在本机演示：一个小型节点网络，或两方与交易所的联合计算',
      en: 'show on this machine a small network of nodes, or two owners and an exchange that compute together',
    },
    more: [
      ['--network', { zh: '一个枢纽与若干城市、行业节点', en: 'a hub, and nodes of cities and industries' }],
      ['--nodes N', { zh: '节点总数，2 到 14（默认 5）', en: 'how many in all, 2 to 14 (5 unless said)' }],
      [
        '--compute',
        {
          zh: '起草、签署、各在自己的数据旁计算、离线核验，并与明文计算对照；自行结束',
          en: 'draft, sign, compute each beside its own data, verify offline, beside the same in plaintext; ends by itself',
        },
      ],
      ['--rows N', { zh: '每方合成数据的行数（默认 20000）', en: 'synthetic rows of each owner (20000 unless said)' }],
      json,
    ],
    load: () => import('./network.ts'),
  },
  trade: {
    usage: 'trade [--out DIR] [--suite intl|sm] [--url URL] [--json]',
    does: { zh: '走完一整笔交易并留下全部凭证', en: 'walk one whole trade and leave all its papers' },
    more: [
      [
        '--out DIR',
        { zh: '凭证留在这里（默认 shugu-trade/时间）', en: 'where papers are left (shugu-trade/TIME unless said)' },
      ],
      [
        '--suite intl|sm',
        { zh: '密码套件：intl 为 Ed25519/SHA-256，sm 为 SM2/SM3', en: 'intl is Ed25519/SHA-256, sm is SM2/SM3' },
      ],
      [
        '--url URL',
        {
          zh: '在已启动的演示环境里交易；会推进其模拟日历。不给则临时起一个交易所，用完即删',
          en: 'trade at a running demo, whose simulated calendar is moved; without it an exchange is made for the trade',
        },
      ],
      ['--setup-token TOKEN', { zh: '该交易所尚未初始化时需要', en: 'needed where that exchange is not set up yet' }],
      json,
    ],
    load: () => import('./trade.ts'),
  },
  verify: {
    usage: 'verify FILE|DIR… [--trust KEYS] [--log URL] [--json]',
    does: { zh: '离线核验凭证包、回执包与收录承诺', en: 'check bundles, receipts and promises offline' },
    more: [
      [
        'FILE|DIR…',
        { zh: '文件，或其中全部文件都要查看的文件夹', en: 'files, or folders of which every file is looked at' },
      ],
      [
        '--trust KEYS',
        {
          zh: '信任文件（默认为第一个文件旁的 trust.json）',
          en: 'the trust file (trust.json beside the first unless said)',
        },
      ],
      [
        '--log URL',
        { zh: '向该日志核对收录承诺；其余一律不连网', en: 'ask that log about promises; all else is offline' },
      ],
      json,
    ],
    load: () => import('./verify.ts'),
  },
  trace: {
    usage: 'trace FILE --url URL --key-file FILE [--product ID] [--json]',
    does: { zh: '查明泄露的数据文件出自哪份合同', en: 'find the contract whose copy a leaked file came from' },
    more: [
      [
        'FILE',
        { zh: '数据表：CSV（首行为字段名）、NDJSON 或 Parquet', en: 'a table: CSV with a header, NDJSON or Parquet' },
      ],
      ['--url URL', { zh: '交易所地址', en: 'address of the exchange' }],
      [
        '--key-file FILE',
        {
          zh: '有“为泄露的文件溯源”权限的密钥在该文件的第一行',
          en: 'a key that may trace leaked files is the first line of that file',
        },
      ],
      plainKey,
      ['--product ID', { zh: '只与该产品的副本比对', en: 'compare with copies of this product only' }],
      json,
    ],
    load: () => import('./trace.ts'),
  },
  papers: {
    usage: 'papers NEGOTIATION [--out DIR] --url URL --key-file FILE [--json]',
    does: {
      zh: '查阅在其他连接器所购的结算单与凭证',
      en: 'read statements and papers of what was bought of another connector',
    },
    more: [
      ['NEGOTIATION', { zh: '本单位作为使用方的协商编号（neg_…）', en: 'a negotiation of yours as consumer (neg_…)' }],
      [
        '--out DIR',
        { zh: '把凭证的 PDF 与证据包存入该文件夹', en: 'keep PDF and bundle of each paper in that folder' },
      ],
      ['--url URL', { zh: '本单位所在节点的地址', en: 'address of your organisation’s node' }],
      [
        '--key-file FILE',
        {
          zh: '能查看本单位连接器的密钥在该文件的第一行',
          en: 'a key that may see your connector is the first line of that file',
        },
      ],
      plainKey,
      json,
    ],
    load: () => import('./papers.ts'),
  },
  fetch: {
    usage: 'fetch PURCHASE [--format TYPE] [--to URL] --url URL --key-file FILE [--json]',
    does: {
      zh: '请求在其他节点所购的数据，按供方提供的传输类型',
      en: 'ask for what was bought at another node, in a type of transfer that is offered',
    },
    more: [
      ['PURCHASE', { zh: '跨节点购买的编号（npu_…）', en: 'the purchase at another node (npu_…)' }],
      [
        '--format TYPE',
        {
          zh: '传输类型；不给则用购买时所选的，未选过则列出供方现在提供的',
          en: 'the type; the one chosen when it was bought unless said, and where none was, those that are offered now are told',
        },
      ],
      ['--to URL', { zh: '由供方送达的类型：接收地址', en: 'of types that are pushed: where to bring it' }],
      [
        '--token-file FILE',
        {
          zh: '在接收地址以 Bearer 出示的令牌在该文件的第一行',
          en: 'the token to show there as Bearer is the first line of that file',
        },
      ],
      ['--url URL', { zh: '交易所地址', en: 'address of the exchange' }],
      [
        '--key-file FILE',
        {
          zh: '有“购买其他节点的产品”权限的密钥在该文件的第一行',
          en: 'a key that may buy at other nodes is the first line of that file',
        },
      ],
      plainKey,
      json,
    ],
    load: () => import('./fetch.ts'),
  },
  harvest: {
    usage: 'harvest ADDRESS --kind ckan|dcat --url URL --key-file FILE [--name NAME] [--dry] [--json]',
    does: {
      zh: '从 CKAN 或 DCAT 目录采集条目到交易所的目录',
      en: 'harvest a CKAN or DCAT catalogue into the exchange’s own',
    },
    more: [
      [
        'ADDRESS',
        {
          zh: 'CKAN 站点（不含 /api），或 JSON-LD 格式的 DCAT 目录；首次给出时登记为手动采集源',
          en: 'of a CKAN site (without /api), or of a DCAT catalogue in JSON-LD; new ones become sources without a rhythm',
        },
      ],
      ['--kind ckan|dcat', { zh: '目录的种类', en: 'what kind of catalogue it is' }],
      ['--url URL', { zh: '交易所地址', en: 'address of the exchange' }],
      [
        '--key-file FILE',
        {
          zh: '有“管理目录采集源并采集”权限的密钥在该文件的第一行',
          en: 'a key that may harvest is the first line of that file',
        },
      ],
      plainKey,
      ['--name NAME', { zh: '新采集源的名称（默认为其主机名）', en: 'name of a new source (its host unless said)' }],
      ['--dry', { zh: '只列出差异，不写入条目', en: 'only say what would change; no entry is written' }],
      json,
    ],
    load: () => import('./harvest.ts'),
  },
  compute: {
    usage: 'compute draft|show|sign|take|result|outputs|approve|refuse|revoke|prepare|confirm|run|verify|psi|sql …',
    does: {
      zh: '起草、签署、使用计算合约，在自己的数据旁联合计算；或在本机试用隐私求交与份额上的查询',
      en: 'draft, sign and use computation contracts, compute beside the own data; or try private intersection and queries on shares here',
    },
    more: [
      [
        'draft FILE|--template NAME … --url URL --key-file FILE',
        {
          zh: '起草：合约的 JSON 文件，或模板 creditCheck、overlap、spending、regions、overloadedTrucks；--preview 只看各方会知道什么，--out FILE 只写成文件待改',
          en: 'draft from a JSON file, or from a template: creditCheck, overlap, spending, regions, overloadedTrucks; --preview only tells what each party would learn, --out FILE only writes a file to be edited',
        },
      ],
      [
        '--data TABLE=RESOURCE',
        {
          zh: '模板中每张表的数据：本方的写 res_…，他方的写 org_…,res_…,sha256:…（由其告知）',
          en: 'the data of each table of a template: res_… of your own, org_…,res_…,sha256:… of another owner, as that owner tells it',
        },
      ],
      [
        '--recipient ORG --title TEXT --purpose TEXT --from DAY --until DAY',
        { zh: '模板还需要的内容；--recipient 可重复', en: 'what a template needs, too; --recipient may be repeated' },
      ],
      [
        '--ask',
        {
          zh: '结果先由各数据持有单位的人员看过并批准',
          en: 'a person of every owner looks at results and approves them first',
        },
      ],
      ['--values NAME=A,B', { zh: '参数或公开分组的全部取值', en: 'all values of a parameter or of a public group' }],
      [
        '--uses N --entities N',
        {
          zh: '共几次（默认 12）；一组至少几个主体（默认 5）',
          en: 'uses in all (12 unless said); entities that a group needs (5 unless said)',
        },
      ],
      [
        'show [--contract ID]',
        {
          zh: '用平实的话说明合约：各方会知道什么、前提、会透露的大小、签名、余量；不给编号则列出合约',
          en: 'a contract in plain words: what each party learns, what it rests on, what sizes tell, signatures, uses left; without an ID which there are',
        },
      ],
      [
        'sign --contract ID --digest DIGEST',
        {
          zh: '作为数据持有单位签署读过的那份原文（Ed25519 或 SM2，按交易所的套件）',
          en: 'sign, as an owner of data, the very text that was read (Ed25519 or SM2, by the suite of the exchange)',
        },
      ],
      [
        'take --contract ID [--value NAME=VALUE]…',
        { zh: '作为结果接收单位占用一次使用并等它结束', en: 'take a use, as a recipient, and wait for its end' },
      ],
      [
        'result --use ID [--out DIR]',
        {
          zh: '取得结果：CSV、可离线核验的证明文件与信任文件（默认放在 shugu-use/使用编号）',
          en: 'fetch a result: CSV, a proof that verifies offline, the trust file (to shugu-use/USE unless said)',
        },
      ],
      [
        'outputs [--use ID]',
        {
          zh: '等待本单位查看的输出；给出 --use 则看其内容',
          en: 'outputs that wait for your organisation’s look; with --use what is in one',
        },
      ],
      [
        'approve --use ID --digest DIGEST · refuse --use ID --reason TEXT',
        {
          zh: '作为数据持有单位批准看过的输出，或拒绝（不给任何人，仍然计次）',
          en: 'approve an output that was read, as an owner of data, or refuse it: nobody gets it, and the use counts',
        },
      ],
      [
        'revoke --contract ID --reason TEXT',
        { zh: '作为数据持有单位撤销合约', en: 'revoke a contract, as an owner of data' },
      ],
      [
        'prepare --input FILE [--join COLUMN]',
        {
          zh: '为起草合约备好本方的密钥与对文件的承诺；--join 是对齐用的字段，不给则按行号',
          en: 'keys, and a commitment to the file, for a contract’s draft; --join is the key to match by, by place without',
        },
      ],
      [
        'confirm --contract ID [--peer FINGERPRINT] --url URL --key-file FILE',
        {
          zh: '读过合约后，以本方自己保管的密钥确认其原文；--peer 是对方当面或电话告知的指纹，此后只与那一方运行',
          en: 'confirm the contract’s text, once read, with the own key; --peer is the fingerprint that the other owner told by another way: nothing is run with anybody else',
        },
      ],
      [
        'run --contract ID --input FILE --url URL --key-file FILE',
        {
          zh: '运行本方的部分：核对合约、查询与文件，与另一方和交易所一起计算，签名陈述',
          en: 'play the own part: checks contract, query and file, computes with the other owner and the exchange, states it signed',
        },
      ],
      ['--as ORG', { zh: '只以这个单位的身份运行', en: 'only as this organisation' }],
      [
        '--take',
        {
          zh: '占用一次使用（结果接收单位）；否则等待已占用的一次',
          en: 'take a use, as a recipient; otherwise one that was taken is waited for',
        },
      ],
      ['--use ID', { zh: '只加入这一次使用', en: 'come to this use and no other' }],
      [
        '--party DIR',
        {
          zh: '本方密钥所在的文件夹（默认 .shugu-party）',
          en: 'the folder of the own keys (.shugu-party unless said)',
        },
      ],
      [
        '--listen HOST:PORT',
        {
          zh: '第二方监听的地址（默认 127.0.0.1:0，任取端口）',
          en: 'where the second owner listens (127.0.0.1:0 unless said: any port)',
        },
      ],
      ['--address HOST', { zh: '对方连接本方所用的主机名', en: 'host under which the first owner finds it' }],
      ['--wait SECONDS', { zh: '最多等待多久（默认 900）', en: 'how long to wait for the others (900 unless said)' }],
      [
        '--out DIR',
        {
          zh: '结果、合约与证据放在这里（默认 shugu-use/使用编号）',
          en: 'where result, contract and evidence go (shugu-use/USE unless said)',
        },
      ],
      [
        'verify EVIDENCE…',
        {
          zh: '离线核验使用记录，连同各方的签名陈述与旁边的合约（选项同 shugu verify）',
          en: 'check records of uses offline, with what each party signed and the contract beside it (options as of shugu verify)',
        },
      ],
      [
        'A.csv B.csv',
        {
          zh: '首行为字段名的 CSV；本机试用时双方与协助方各为一个进程',
          en: 'CSV with a header; for a try on this machine each owner and the helper is a process of its own',
        },
      ],
      [
        'psi --key COLUMN --out FILE',
        { zh: '隐私求交：两表共有的行', en: 'private intersection: the rows that two tables share' },
      ],
      ['--key COLUMN', { zh: '两表中标识所在的字段', en: 'the column with the key, in both tables' }],
      ['--out FILE', { zh: 'A 方得到的行写在这里', en: 'where the rows that A gets are written' }],
      [
        '--mode helper|kkrt|ecdh|sm2',
        {
          zh: 'helper 由中立协助方比对标签（默认）；kkrt 只有双方，大小表皆可（预览，待独立评审）；ecdh、sm2 只有双方，适合小表',
          en: 'helper: a neutral third compares tags (unless said); kkrt: the two alone, at any size (preview until reviewed); ecdh, sm2: the two alone, for small tables',
        },
      ],
      [
        '--reveal first|both|size',
        {
          zh: '谁知道什么：A 方的行（默认）、双方各自的行、双方只知数量',
          en: 'who learns what: A its rows (unless said), both their rows, or both the number alone',
        },
      ],
      ['--out-second FILE', { zh: '双方都得到结果时，B 方的行写在这里', en: 'with --reveal both, where B’s rows go' }],
      ['--keys-max N', { zh: '每方去重后标识的上限', en: 'how many distinct keys an owner may bring' }],
      [
        'psi --key COLUMN --sum COLUMN',
        {
          zh: '只给出相同标识的个数与 B 方该字段之和，无人得知是哪些标识',
          en: 'only how many keys are common and the sum of B’s column over them; nobody learns which they are',
        },
      ],
      ['--group COLUMN', { zh: '按 B 方的这一字段分组', en: 'by groups of this column of B' }],
      [
        '--common-min N',
        {
          zh: '相同标识少于此数的组不开放（默认 5，至少 3）',
          en: 'groups with fewer common keys stay closed (5 unless said, 3 at least)',
        },
      ],
      [
        'sql --query SELECT…',
        {
          zh: '秘密份额上的查询，表称为 a 与 b：count、sum、avg，WHERE，GROUP BY',
          en: 'a query on secret shares, the tables called a and b: count, sum, avg, WHERE, GROUP BY',
        },
      ],
      [
        '--mode replicated|dealer',
        {
          zh: '三方各持份额（默认），或只由双方计算、第三方事先分发随机数',
          en: 'shares at all three (unless said), or at the two owners alone, after the third has dealt randomness',
        },
      ],
      [
        '--recipient first|second|both',
        { zh: '结果向谁打开（默认 A 方）', en: 'whom the result opens to (A unless said)' },
      ],
      ['--decimals N', { zh: '数值小数位数（默认 2）', en: 'places after the point of numbers (2 unless said)' }],
      ['--compare', { zh: '同时以明文计算并对照', en: 'compute it in plaintext, too, and compare' }],
      json,
    ],
    load: () => import('./compute.ts'),
  },
  backup: {
    usage: 'backup --out FILE [--home DIR] [--passphrase-file FILE] [--json]',
    does: { zh: '把整个节点备份成一个文件', en: 'put the whole node into one file' },
    more: [['--out FILE', { zh: '要写的文件', en: 'the file to write' }], home, passphrase, json],
    load: () => import('./backup.ts'),
  },
  restore: {
    usage: 'restore FILE --home DIR [--witness FILE] [--new-origin] [--json]',
    does: { zh: '把备份恢复到空目录', en: 'bring a backup into an empty folder' },
    more: [
      home,
      passphrase,
      ['--secret-file FILE', { zh: '另行保管的节点密钥', en: 'the node’s secret, where it was kept apart' }],
      ['--witness FILE', { zh: '他方持有的检查点，可多次给出', en: 'a checkpoint that others hold; may be repeated' }],
      ['--new-origin', { zh: '启用新的日志，原日志封存', en: 'open a new log and close the old one' }],
      ['--erased FILE', { zh: '备份之后已抹除者的名单', en: 'a list of whom was erased after the backup' }],
      json,
    ],
    load: () => import('./restore.ts'),
  },
  doctor: {
    usage: 'doctor [--home DIR] [--json]',
    does: { zh: '体检：环境、数据与日志', en: 'look whether a node is well' },
    more: [home, json],
    load: () => import('./doctor.ts'),
  },
  gateway: {
    usage: 'gateway --server URL --key-file FILE [--listen PORT] [--home DIR]',
    does: { zh: '运行独立网关：在交易所之外交付与计量', en: 'run a gateway: deliver and meter beside the exchange' },
    more: [
      ['--server URL', { zh: '交易所地址', en: 'address of the exchange' }],
      [
        '--key-file FILE',
        {
          zh: '运营方签发的网关密钥在该文件的第一行',
          en: 'the gateway’s key, as the operator issued it, is its first line',
        },
      ],
      plainKey,
      ['--listen PORT', { zh: '端口（默认 7272）', en: 'its port (7272 unless said)' }],
      ['--host HOST', { zh: '监听地址（默认 127.0.0.1）', en: 'the address it listens on (127.0.0.1 unless said)' }],
      [
        '--home DIR',
        {
          zh: '网关自己的文件夹（默认 .shugu-gateway），存放未上传的用量记录，不可与其他网关共用',
          en: 'its own folder (.shugu-gateway unless said) with what is recorded; never shared with another gateway',
        },
      ],
      [
        '--public-url URL',
        {
          zh: '买方访问网关的地址，用于表共享的文件地址',
          en: 'the address under which buyers reach it, for the addresses of shared files',
        },
      ],
      [
        '--away',
        {
          zh: '不读取交易所的文件夹，所需文件由交易所传来（看不到该文件夹时自动如此）',
          en: 'bring files from the exchange even where its folders can be read (as is done wherever they cannot)',
        },
      ],
    ],
    load: () => import('./gateway.ts'),
  },
  witness: {
    usage: 'witness --home DIR [--port N] [--log VKEY]',
    does: { zh: '运行公开日志的见证方', en: 'run a witness of public logs' },
    more: [
      ['--home DIR', { zh: '见证方自己的文件夹', en: 'the witness’s own folder' }],
      ['--port N', { zh: '端口（默认 7171）', en: 'its port (7171 unless said)' }],
      ['--host HOST', { zh: '监听地址（默认 127.0.0.1）', en: 'the address it listens on (127.0.0.1 unless said)' }],
      ['--name NAME', { zh: '见证方名称', en: 'its name' }],
      ['--suite intl|sm', { zh: '密码套件', en: 'its suite' }],
      ['--log VKEY', { zh: '要见证的日志公钥，可多次给出', en: 'key of a log to watch; may be repeated' }],
    ],
    load: () => import('./witness.ts'),
  },
};

const words = {
  zh: {
    title: '数谷：数据交易所',
    language: '加 --lang=en 改用英文',
    detail: '各命令的选项：shugu help 命令',
    status: '退出码：0 成立，1 不成立或失败，2 命令有误、什么也没做',
    usage: '用法',
  },
  en: {
    title: 'Shugu: a data exchange',
    language: 'with --lang=zh in Chinese',
    detail: 'options of a verb: shugu help VERB',
    status: 'exit status: 0 all holds, 1 something does not hold or failed, 2 misuse, nothing was done',
    usage: 'usage',
  },
} as const;

/** Columns of a terminal: Chinese characters take two, but only what stands left of them is padded here. */
const table = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};

export const help = (language: Context['language']): string => {
  const word = words[language];
  const rows = Object.values(verbs).map((verb) => [`shugu ${verb.usage}`, verb.does[language]] as const);
  return [word.title, '', ...table(rows), '', word.detail, word.language, word.status, ''].join('\n');
};

export const usageOf = (name: string, language: Context['language']): string =>
  `${words[language].usage}: shugu ${verbs[name]!.usage}`;

export const helpOf = (name: string, language: Context['language']): string => {
  const { does, more } = verbs[name]!;
  const rows = more.map(([option, told]) => [option, told[language]] as const);
  return [does[language], '', usageOf(name, language), '', ...table(rows), ''].join('\n');
};
