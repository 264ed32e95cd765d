/** What the platform counted and found in an upload: a self-check, labelled as such. */
import { getProfile } from '@shugu/wire/registry';
import { Alert, Tag } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Quality } from '../market/quality.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { count } from '../ui/format.ts';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { Tabs } from '../ui/tabs.tsx';

interface ColumnProfile {
  name: string;
  type: string;
  nulls: number;
  distinct: number;
  distinctExact: boolean;
  min: string | null;
  max: string | null;
  mean: string | null;
  masked: boolean;
}
interface ColumnScan {
  column: string;
  findings: {
    kind: string;
    ratio: number;
    confidence: number;
    examples: string[];
    reason: { zh: string; en: string };
  }[];
}
interface Grade {
  level: string;
  generalLevel: number;
  personal: boolean;
  sensitive: boolean;
  reasons: { rule: string; zh: string; en: string; source: string; unconfirmed: boolean; field?: string }[];
}

const listOf = <T,>(value: unknown, key: string): T[] => {
  if (Array.isArray(value)) return value as T[];
  const inner = value && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined;
  return Array.isArray(inner) ? (inner as T[]) : [];
};

const Columns = ({ profile }: { profile: unknown }) => {
  const { t, w } = useWords();
  return (
    <DataTable
      rowKey="name"
      pagination={false}
      dataSource={listOf<ColumnProfile>(profile, 'columns')}
      columns={[
        { title: t('version.column'), dataIndex: 'name' },
        { title: t('version.type'), dataIndex: 'type', render: (one: string) => w('columnType', one) },
        { title: t('profile.nulls'), dataIndex: 'nulls', align: 'right', render: count },
        {
          title: t('profile.distinct'),
          align: 'right',
          render: (_, one) => `${one.distinctExact ? '' : '≈ '}${count(one.distinct)}`,
        },
        { title: t('profile.min'), render: (_, one) => (one.masked ? t('profile.masked') : (one.min ?? '—')) },
        { title: t('profile.max'), render: (_, one) => (one.masked ? t('profile.masked') : (one.max ?? '—')) },
        { title: t('profile.mean'), dataIndex: 'mean', render: (one: string | null) => one ?? '—' },
      ]}
    />
  );
};

const Scan = ({ scan }: { scan: unknown }) => {
  const { t, language } = useWords();
  const found = listOf<ColumnScan>(scan, 'columns').filter((one) => one.findings?.length);
  if (!found.length) return <p>{t('profile.noFindings')}</p>;
  return (
    <ul className="card-list">
      {found.map((one) => (
        <li key={one.column}>
          <b className="mono">{one.column}</b>
          {one.findings.map((finding) => (
            <div key={finding.kind}>
              <Tag color="warning">{finding.kind}</Tag>
              {finding.reason[language]} <span className="quiet mono small">{finding.examples.join('  ')}</span>
            </div>
          ))}
        </li>
      ))}
    </ul>
  );
};

const Classification = ({ grade }: { grade: Grade }) => {
  const { t, w, language } = useWords();
  return (
    <>
      <Alert
        type={grade.level === 'core' ? 'error' : grade.level === 'important' || grade.personal ? 'warning' : 'info'}
        showIcon
        style={{ marginBottom: 12 }}
        title={`${w('level', grade.level)}${grade.level === 'general' ? ` ${grade.generalLevel}` : ''}${grade.personal ? ` · ${w('sensitivity', grade.sensitive ? 'sensitivePersonal' : 'personal')}` : ''}`}
        description={t('profile.proposed')}
      />
      <ul style={{ margin: 0, paddingLeft: '1.2em' }}>
        {grade.reasons.map((reason) => (
          <li key={reason.rule + reason.field}>
            {reason[language]} <span className="quiet small">{reason.source}</span>{' '}
            {reason.unconfirmed ? <Tag color="warning">{t('rules.unconfirmed')}</Tag> : null}
          </li>
        ))}
      </ul>
    </>
  );
};

export const ResourceProfile = ({ resource }: { resource: string }) => {
  const { t, b } = useWords();
  const read = useRead(getProfile, { params: { id: resource } });
  return (
    <Loaded of={read}>
      {(data) => (
        <Sheet title={t('profile.title')} extra={<Tag>{b(data.label)}</Tag>}>
          <Tabs
            items={[
              { key: 'quality', label: t('version.quality'), children: <Quality quality={data.quality} /> },
              { key: 'columns', label: t('profile.columns'), children: <Columns profile={data.profile} /> },
              { key: 'scan', label: t('profile.scan'), children: <Scan scan={data.scan} /> },
              {
                key: 'grade',
                label: t('profile.classification'),
                children: <Classification grade={data.classification as unknown as Grade} />,
              },
            ]}
          />
        </Sheet>
      )}
    </Loaded>
  );
};
