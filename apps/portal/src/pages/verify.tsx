import { verifyFile } from '@shugu/wire/kernel';
import { certificateCode, getCertificate } from '@shugu/wire/registry';
import { useNavigate } from '@tanstack/react-router';
import { Alert, Button, Input } from 'antd';
import { useRef, useState } from 'react';
import { useRead, useWrite } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { CertificateView } from '../registry/certificate.tsx';
import { Loaded, Page, Sheet } from '../ui/frame.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { useId } from '../ui/route.ts';
import { Tabs } from '../ui/tabs.tsx';
import { CodeResult } from '../verify/result.tsx';
import { Camera, readPicture } from '../verify/scan.tsx';

/** What a QR code says: our own address with the code at its end, or the code alone. */
const codeIn = (text: string): string =>
  text
    .trim()
    .replace(/^https?:\/\/[^/]+\/verify\//, '')
    .replace(/[?#].*$/, '');

const Certificate = ({ code }: { code: string }) => {
  const read = useRead(getCertificate, { params: { code } });
  return <Loaded of={read}>{(one) => <CertificateView one={one} />}</Loaded>;
};

const ByFile = () => {
  const { t, b, language } = useWords();
  const input = useRef<HTMLInputElement>(null);
  const check = useWrite(verifyFile);
  const take = async (file: File | undefined) => file && check.mutate({ body: { bundle: await file.text() } });
  return (
    <>
      <p className="quiet">{t('verify.fileText')}</p>
      <input
        ref={input}
        hidden
        type="file"
        accept=".json,application/json"
        onChange={(event) => void take(event.target.files?.[0])}
      />
      <Button type="primary" loading={check.isPending} onClick={() => input.current?.click()}>
        {t('verify.pickFile')}
      </Button>
      <div style={{ marginTop: 16 }}>
        {check.error ? <ProblemNote error={check.error} /> : null}
        {check.data ? (
          <>
            <Alert
              type={check.data.ok ? 'success' : 'error'}
              showIcon
              title={b(check.data.title)}
              description={check.data.number}
            />
            <ol>
              {check.data.checks.map((one) => (
                <li key={one.id}>
                  <b className={one.ok ? undefined : 'late'}>{one.ok ? '✓' : '✗'}</b> {one[language]}
                </li>
              ))}
            </ol>
            <p className="quiet small">{b(check.data.notice)}</p>
            {check.data.withdrawn ? <Alert type="error" showIcon title={t('verify.withdrawn')} /> : null}
          </>
        ) : null}
      </div>
    </>
  );
};

export default function Verify() {
  const { t } = useWords();
  const code = useId();
  const navigate = useNavigate();
  const picture = useRef<HTMLInputElement>(null);
  const [unread, setUnread] = useState(false);
  const go = (text: string) => codeIn(text) && navigate({ to: paths.verifyCode(codeIn(text)) });
  const readFile = async (file: File | undefined) => {
    if (!file) return;
    const found = await readPicture(file).catch(() => undefined);
    setUnread(!found);
    if (found) await go(found);
  };
  return (
    <Page title={t('verify.title')} lead={t('verify.lead')}>
      <Sheet>
        <Tabs
          items={[
            {
              key: 'code',
              label: t('verify.byCode'),
              children: (
                <>
                  <Input.Search
                    key={code}
                    size="large"
                    style={{ maxWidth: 560 }}
                    defaultValue={code}
                    placeholder={t('verify.placeholder')}
                    aria-label={t('verify.placeholder')}
                    enterButton={t('verify.check')}
                    onSearch={go}
                  />
                  <div className="row" style={{ marginTop: 14 }}>
                    <Camera onFound={go} />
                    <input
                      ref={picture}
                      hidden
                      type="file"
                      accept="image/*"
                      onChange={(event) => void readFile(event.target.files?.[0])}
                    />
                    <Button onClick={() => picture.current?.click()}>{t('verify.picture')}</Button>
                  </div>
                  {unread ? (
                    <Alert style={{ marginTop: 12 }} type="warning" showIcon title={t('verify.noCode')} />
                  ) : null}
                </>
              ),
            },
            { key: 'file', label: t('verify.byFile'), children: <ByFile /> },
          ]}
        />
      </Sheet>
      {code ? certificateCode.safeParse(code).success ? <Certificate code={code} /> : <CodeResult code={code} /> : null}
      <p className="quiet small">{t('verify.offline')}</p>
    </Page>
  );
}
