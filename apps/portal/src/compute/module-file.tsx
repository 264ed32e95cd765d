import { computeLimits } from '@shugu/wire/compute';
import { listModules, sendModule } from '@shugu/wire/compute-modules';
import { Form, Select } from 'antd';
import { useState } from 'react';
import { useRead, useWrite } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { asBase64 } from '../ui/fields.tsx';
import { count } from '../ui/format.ts';
import { ProblemNote } from '../ui/problem.tsx';
import { PickFile } from '../ui/send-file.tsx';

/** Sends a program, or takes one that was sent before: its digest goes into the contract, and is shown as it will be signed. */
export const ModuleFile = () => {
  const { t } = useWords();
  const form = Form.useFormInstance();
  const [tooLarge, setTooLarge] = useState(false);
  const sent = useRead(listModules, { query: { limit: 100 } });
  const write = useWrite(sendModule, ({ digest }) => form.setFieldValue(['module', 'digest'], digest));
  const take = async (file: File) => {
    setTooLarge(file.size > computeLimits.moduleBytesMax);
    if (file.size > computeLimits.moduleBytesMax) return;
    write.mutate({ body: { name: file.name.slice(0, 100), content: await asBase64(file) } });
  };
  return (
    <section className="section">
      <div className="row">
        <PickFile
          label={t('compute.moduleSend')}
          accept=".wasm,application/wasm"
          loading={write.isPending}
          onFile={(file) => void take(file)}
        />
        <span className="quiet small">{t('compute.moduleSendHint')}</span>
      </div>
      <div aria-live="polite">
        {write.data ? (
          <p className="mono small" style={{ overflowWrap: 'anywhere' }}>
            {t('compute.moduleSent', { name: write.data.name, bytes: count(write.data.bytes) })} {write.data.digest}
          </p>
        ) : null}
        {tooLarge ? <p className="soon">{t('compute.moduleTooLarge')}</p> : null}
        {write.error ? <ProblemNote error={write.error} /> : null}
      </div>
      <Form.Item label={t('compute.moduleSentBefore')} htmlFor="module-sent">
        <Select
          id="module-sent"
          loading={sent.isPending}
          options={(sent.data?.items ?? []).map(({ digest, name, bytes }) => ({
            value: digest,
            label: `${name}（${count(bytes)}，${digest.slice(0, 19)}…）`,
          }))}
          onChange={(digest: string) => form.setFieldValue(['module', 'digest'], digest)}
        />
      </Form.Item>
    </section>
  );
};
