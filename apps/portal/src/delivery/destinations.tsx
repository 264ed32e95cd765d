/** Where an organisation has its data brought: named once, checked, given up. */
import { checkDestination, createDestination, listDestinations, removeDestination } from '@shugu/wire/delivery';
import { Tag } from 'antd';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { addressInitial, loginFields, Password, placeFields } from './database-fields.tsx';
import { FarPlace } from './far-place.tsx';

type Destination = Reply<typeof listDestinations>['items'][number];

const name = field('name', 'text', ['名称', 'Name'], { required: true });
const folderFields = [
  name,
  field('path', 'text', ['文件夹', 'Folder'], {
    required: true,
    help: {
      zh: '如 数据湖/货车；位于运营方为本单位划定的位置之下',
      en: 'Such as lake/trucks, below what the operator keeps for you',
    },
  }),
];
const postgresFields = [
  name,
  ...placeFields,
  field('schema', 'text', ['模式', 'Schema'], {
    help: { zh: '用户须有 USAGE 与 CREATE 权限', en: 'The user needs USAGE and CREATE on it' },
  }),
  ...loginFields,
];

const s3Fields = [
  name,
  field('endpoint', 'text', ['地址', 'Endpoint'], {
    required: true,
    help: { zh: '如 https://s3.cn-north-1.amazonaws.com.cn', en: 'Such as https://s3.cn-north-1.amazonaws.com.cn' },
  }),
  field('region', 'text', ['地区', 'Region']),
  field('bucket', 'text', ['存储桶', 'Bucket'], { required: true }),
  field('prefix', 'text', ['前缀', 'Prefix'], {
    help: { zh: '如 数据湖/货车；可空', en: 'Such as lake/trucks; may be empty' },
  }),
  field('accessKeyId', 'text', ['访问密钥 ID', 'Access key ID'], { required: true }),
  field('secretAccessKey', 'text', ['访问密钥', 'Secret access key'], {
    required: true,
    widget: Password,
    help: {
      zh: '须有该前缀的 PutObject、GetObject、DeleteObject、AbortMultipartUpload 权限',
      en: 'Needs PutObject, GetObject, DeleteObject and AbortMultipartUpload on the prefix',
    },
  }),
  field('addressing', 'choice', ['寻址方式', 'Bucket named in'], {
    choices: [
      ['path', '路径（多数自建存储）', 'The path (most stores of one’s own)'],
      ['host', '主机名（部分公有云）', 'The host (some public clouds)'],
    ],
  }),
];

const Row = ({ one }: { one: Destination }) => {
  const { t, w } = useWords();
  const input = () => ({ params: { id: one.id }, body: {} as Record<string, never> });
  return (
    <FarPlace one={one} tag={<Tag>{w('destinationKind', one.kind)}</Tag>}>
      <Action endpoint={checkDestination} label={t('push.check')} small input={input} />
      <Action
        endpoint={removeDestination}
        label={t('push.remove')}
        small
        danger
        explain={<p>{t('push.removeExplain')}</p>}
        input={input}
      />
    </FarPlace>
  );
};

export const Destinations = () => {
  const { t } = useWords();
  const read = useRead(listDestinations, {});
  return (
    <Loaded of={read}>
      {({ items, folders }) => (
        <Sheet
          title={t('push.destinations')}
          extra={
            <span className="row">
              <Action
                endpoint={createDestination}
                label={t('push.newFolder')}
                small
                blocked={folders ? null : t('push.foldersClosed')}
                fields={folderFields}
                input={(values) => ({ body: { kind: 'folder', ...(values as object) } as never })}
              />
              <Action
                endpoint={createDestination}
                label={t('push.newPostgres')}
                small
                explain={<p>{t('push.secretExplain')}</p>}
                fields={postgresFields}
                initial={{ ...addressInitial, schema: 'public' }}
                input={(values) => ({ body: { kind: 'postgres', ...(values as object) } as never })}
              />
              <Action
                endpoint={createDestination}
                label={t('push.newS3')}
                small
                explain={<p>{t('push.secretExplain')}</p>}
                fields={s3Fields}
                initial={{ region: 'us-east-1', addressing: 'path' }}
                input={(values) => ({ body: { kind: 's3', ...(values as object) } as never })}
              />
            </span>
          }
        >
          {items.length === 0 ? (
            <Empty title={t('push.noDestinations')} />
          ) : (
            <ul className="card-list">
              {items.map((one) => (
                <Row key={one.id} one={one} />
              ))}
            </ul>
          )}
        </Sheet>
      )}
    </Loaded>
  );
};
