/** A table share as its buyer uses it: the profile file, the address of each table, and lines to begin with. */
import { createProfile } from '@shugu/wire/delivery';
import { Alert, Typography } from 'antd';
import { useState } from 'react';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Facts, Sheet } from '../ui/frame.tsx';
import { download } from '../ui/table.tsx';

export interface Share {
  share: string;
  schema: string;
  tables: string[];
  version: number | null;
}

const profileName = 'shugu.share';

const exampleOf = ({ share, schema, tables }: Share): string =>
  `import delta_sharing

url = "${profileName}#${share}.${schema}.${tables[0] ?? ''}"
frame = delta_sharing.load_as_pandas(url, limit=1000)
changes = delta_sharing.load_table_changes_as_pandas(url, starting_version=0)`;

export const ShareAccess = ({
  grant,
  share,
  active,
  purposes,
}: {
  grant: string;
  share: Share;
  active: boolean;
  purposes: string[] | null;
}) => {
  const { t, w } = useWords();
  const [made, setMade] = useState(false);
  return (
    <Sheet
      title={t('share.title')}
      extra={
        <Action
          endpoint={createProfile}
          label={t('share.profile')}
          primary
          blocked={active ? null : t('grant.notActive')}
          explain={<p>{t('share.profileExplain')}</p>}
          fields={[
            field('name', 'text', ['名称', 'Name'], {
              required: true,
              help: { zh: '如“分析笔记本”', en: 'e.g. analysis notebook' },
            }),
            ...(purposes?.length
              ? [
                  field('purpose', 'choice', ['用途', 'Purpose'], {
                    required: true,
                    choices: purposes.map((one) => [one, w('purpose', one), w('purpose', one)] as const),
                  }),
                ]
              : []),
            field('credentialsVersion', 'choice', ['配置文件版本', 'Version of the profile'], {
              required: true,
              choices: [
                ['1', '1（各客户端通用）', '1 (every client)'],
                ['2', '2（bearer_token）', '2 (bearer_token)'],
              ],
            }),
          ]}
          initial={purposes?.[0] ? { credentialsVersion: '1', purpose: purposes[0] } : { credentialsVersion: '1' }}
          input={(values) => ({
            params: { id: grant },
            body: { ...values, credentialsVersion: Number(values.credentialsVersion) } as never,
          })}
          after={({ profile }) => {
            download(profileName, JSON.stringify(profile, null, 2), 'application/json');
            setMade(true);
          }}
        />
      }
    >
      <p className="quiet">{t('share.lead')}</p>
      {made ? <Alert type="success" showIcon title={t('share.made')} style={{ marginBottom: 12 }} /> : null}
      <Facts
        items={[
          [t('share.version'), share.version ?? t('grant.building')],
          ...share.tables.map((table): [string, React.ReactNode] => [
            t('share.table'),
            <Typography.Text key={table} copyable code style={{ overflowWrap: 'anywhere' }}>
              {`${profileName}#${share.share}.${share.schema}.${table}`}
            </Typography.Text>,
          ]),
        ]}
      />
      <p style={{ marginTop: 12 }}>{t('share.python')}</p>
      <Typography.Paragraph copyable={{ text: exampleOf(share) }}>
        <pre className="code">{exampleOf(share)}</pre>
      </Typography.Paragraph>
    </Sheet>
  );
};
