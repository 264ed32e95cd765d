/** What can stand in the way of a run, in the words of whoever must do something about it. */
import type { Text } from '@shugu/wire';
import type { FaultView } from '../../kernel/problem.ts';
import { type Refused, refusedAs } from '../plane/inside.ts';

interface Kind {
  title: Text;
  next: Text;
  /** Another try may do. */
  passing?: boolean;
}

const kinds = {
  foldersClosed: {
    title: { zh: '本节点未开放文件夹推送', en: 'This node allows no folders' },
    next: {
      zh: '请运营方设置推送根目录，或改用其他目的地',
      en: 'Ask the operator to allow a folder, or use another destination',
    },
  },
  folderUnusable: {
    title: { zh: '目标文件夹无法写入', en: 'The folder cannot be written to' },
    next: { zh: '检查磁盘空间与权限后继续', en: 'Look at its space and rights, then go on' },
    passing: true,
  },
  readBackDiffers: {
    title: { zh: '目的地读回的内容与所发不一致', en: 'What was read back differs from what was sent' },
    next: { zh: '检查目的地是否有其他程序改动，再继续推送', en: 'See whether something else writes there, then go on' },
    passing: true,
  },
  preparing: {
    title: { zh: '数据正在按合同准备', en: 'The data is being cut to the contract' },
    next: { zh: '准备好后自动开始，无需操作', en: 'Nothing to do: it starts by itself' },
    passing: true,
  },
  cutFailed: {
    title: { zh: '数据无法按合同准备', en: 'The data could not be cut to the contract' },
    next: { zh: '请供方检查所发布的数据', en: 'Ask the supplier to look at what was published' },
  },
  termsChanged: {
    title: { zh: '合同范围已变，本次推送无法续传', en: 'The contract’s terms have changed, so this run cannot go on' },
    next: { zh: '重新推送一次', en: 'Have it brought anew' },
  },
  refused: {
    title: { zh: '网关未放行', en: 'The gateway refused' },
    next: { zh: '按提示处理合同或用量后继续', en: 'See to the contract or its quota as told, then go on' },
  },
  addressRefused: {
    title: { zh: '不允许连接该地址', en: 'That address may not be connected to' },
    next: {
      zh: '使用公网地址，或请运营方放行该内网地址',
      en: 'Use a public address, or ask the operator to open the private one',
    },
  },
  databaseUnreachable: {
    title: { zh: '数据库无法连接或连接中断', en: 'The database cannot be reached, or the connection broke' },
    next: { zh: '检查地址、端口、加密方式与防火墙', en: 'Look at address, port, encryption and firewalls' },
    passing: true,
  },
  databaseLogin: {
    title: { zh: '数据库拒绝登录', en: 'The database refuses the login' },
    next: { zh: '检查库名、用户与密码', en: 'Look at database, user and password' },
  },
  databaseRights: {
    title: { zh: '数据库用户缺少权限', en: 'The database user lacks a right' },
    next: { zh: '授予该模式的 USAGE 与 CREATE 权限', en: 'Grant it USAGE and CREATE on the schema' },
  },
  databaseBusy: {
    title: { zh: '数据库资源不足或正在关闭', en: 'The database lacks room, or is shutting down' },
    next: { zh: '腾出空间或连接数后继续', en: 'Make room, then go on' },
    passing: true,
  },
  storeUnreachable: {
    title: { zh: '对象存储无法连接或连接中断', en: 'The object store cannot be reached, or the connection broke' },
    next: { zh: '检查地址、证书与防火墙', en: 'Look at address, certificate and firewalls' },
    passing: true,
  },
  storeLogin: {
    title: { zh: '对象存储不接受访问密钥', en: 'The object store refuses the access key' },
    next: { zh: '检查访问密钥与地区', en: 'Look at access key, secret and region' },
  },
  storeRights: {
    title: { zh: '访问密钥缺少权限', en: 'The access key lacks a right' },
    next: {
      zh: '授予该前缀的 PutObject、GetObject、DeleteObject 与 AbortMultipartUpload 权限',
      en: 'Grant it PutObject, GetObject, DeleteObject and AbortMultipartUpload on the prefix',
    },
  },
  bucketMissing: {
    title: { zh: '存储桶不存在', en: 'There is no such bucket' },
    next: { zh: '检查桶名、地区与寻址方式', en: 'Look at bucket, region and the way it is addressed' },
  },
  storeBusy: {
    title: { zh: '对象存储暂时不可用', en: 'The object store is busy or has a fault of its own' },
    next: { zh: '稍后自动重试', en: 'Nothing to do: it is tried again by itself' },
    passing: true,
  },
  storeRefused: {
    title: { zh: '对象存储拒绝了请求', en: 'The object store refuses the request' },
    next: { zh: '把代码告知存储服务方', en: 'Ask whoever runs the store, with the code' },
  },
  rowsRefused: {
    title: { zh: '数据库不接受某些值', en: 'The database does not take some of the values' },
    next: { zh: '把代码告知供方；文本不得含空字符', en: 'Tell the supplier the code; text must hold no NUL' },
  },
  nameTooLong: {
    title: { zh: '表名或字段名超过 63 字节', en: 'A name is longer than 63 bytes' },
    next: { zh: '改用文件夹或对象存储', en: 'Use a folder or an object store instead' },
  },
  nameReserved: {
    title: {
      zh: '数据中已有字段 shugu_version，无法追加',
      en: 'The data has a column shugu_version, so nothing can be added',
    },
    next: { zh: '改用整体替换', en: 'Have the table replaced instead' },
  },
  tableTaken: {
    title: { zh: '目标模式中已有他人建立的同名表', en: 'The schema has a table of this name that no push made' },
    next: { zh: '改名或移走该表，或换一个模式', en: 'Rename or move that table, or use another schema' },
  },
  tableDiffers: {
    title: {
      zh: '合同范围或目标表的字段已变，无法追加',
      en: 'The contract’s terms or the columns of the table have changed, so nothing can be added',
    },
    next: {
      zh: '移走或改名该表，下次推送将重新写入全部数据',
      en: 'Move or rename the table: the next run brings all of it anew',
    },
  },
  tableInUse: {
    title: {
      zh: '其他对象依赖原表，无法替换',
      en: 'Other objects depend on the table before, so it cannot be replaced',
    },
    next: { zh: '去除依赖（如视图）后继续', en: 'Remove what depends on it (views), then go on' },
  },
  destinationRemoved: {
    title: { zh: '目的地已移除', en: 'The destination was given up' },
    next: { zh: '新增目的地后重新推送', en: 'Name another destination' },
  },
  interrupted: {
    title: { zh: '推送被中断', en: 'The run was interrupted' },
    next: {
      zh: '自动重试；仍不成功请联系运营方',
      en: 'It is tried again by itself; ask the operator if that does not help',
    },
    passing: true,
  },
} satisfies Record<string, Kind>;

export type FaultCode = keyof typeof kinds;

const waits: Text = { zh: '到时自动继续，无需操作', en: 'Nothing to do: it goes on by itself when the time comes' };

/** Ends a run or makes it wait. `stops`: the grant ended or was suspended, so that nothing more may leave. */
export class PushFault extends Error {
  readonly view: FaultView;
  readonly passing: boolean;
  /** Time alone lifts it: seconds after which to look again, which is no failed try. */
  readonly lifts: number | null;
  readonly stops: boolean;

  constructor(
    view: FaultView,
    {
      passing = false,
      lifts = null,
      stops = false,
      cause,
    }: Partial<Pick<PushFault, 'passing' | 'lifts' | 'stops' | 'cause'>> = {},
  ) {
    super(`${view.code}: ${view.title.en}`, { cause });
    this.view = view;
    this.passing = passing;
    this.lifts = lifts;
    this.stops = stops;
  }
}

/** `about`: a name or the other side’s words, never a secret. */
export const fault = (
  code: FaultCode,
  { about, cause, lifts = null }: { about?: string; cause?: unknown; lifts?: number | null } = {},
): PushFault => {
  const { title, next, passing = false }: Kind = kinds[code];
  const named = about === undefined ? title : { zh: `${title.zh}：${about}`, en: `${title.en}: ${about}` };
  return new PushFault({ code, title: named, next }, { passing, lifts, cause });
};

const standings = ['withdrawn', 'suspended', 'expired'];

/** A refusal of the gateway in its own code and words. */
export const refusedBy = ({ code, zh, en, outlook }: Refused): PushFault => {
  const passing = outlook.kind === 'again';
  const lifts = outlook.kind === 'lifts' ? outlook.seconds : null;
  if (code === 'preparing') return fault(code, { lifts });
  const view = { code, title: { zh, en }, next: lifts === null ? kinds.refused.next : waits };
  return new PushFault(view, { passing, lifts, stops: standings.includes(code) });
};

/** What the gateway says, said before it is asked: the data is still being cut. */
export const preparing = (): PushFault =>
  refusedBy(refusedAs({ code: 'preparing', status: 503, ...kinds.preparing.title }));
