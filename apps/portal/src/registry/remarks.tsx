/** Remarks recorded on a right: agreed terms, a court's seizure, control; and, for the registrar, recording and lifting them. */
import { addRemark, liftRemark, listRemarks } from '@shugu/wire/registry';
import { Button, Modal } from 'antd';
import { useState } from 'react';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { may, useMe } from '../session.ts';
import { Action } from '../ui/action.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded } from '../ui/frame.tsx';
import { choicesOf } from './fields.ts';

export const Remarks = ({ right }: { right: string }) => {
  const { t, w } = useWords();
  const me = useMe();
  const [open, setOpen] = useState(false);
  const read = useRead(listRemarks, { params: { id: right } }, { enabled: open });
  const writes = may(me, 'registry.right.remark');
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t('rights.remarks')}
      </Button>
      <Modal open={open} title={t('rights.remarks')} footer={null} onCancel={() => setOpen(false)} destroyOnHidden>
        <Loaded of={read}>
          {({ items }) =>
            items.length ? (
              <ul className="card-list">
                {items.map((one) => (
                  <li key={one.id}>
                    <b>{w('remarkKind', one.kind)}</b> {one.text}
                    <div className="small quiet">
                      {one.basis} {one.until ?? ''} {one.liftedAt ? t('rights.lifted') : ''}
                    </div>
                    {writes && !one.liftedAt ? (
                      <Action
                        endpoint={liftRemark}
                        label={t('rights.lift')}
                        small
                        danger
                        fields={[field('reason', 'longText', ['理由', 'Reason'], { required: true })]}
                        input={(values) => ({ params: { id: one.id }, body: values as never })}
                      />
                    ) : null}
                  </li>
                ))}
              </ul>
            ) : (
              <p className="quiet">{t('app.none')}</p>
            )
          }
        </Loaded>
        {writes ? (
          <Action
            endpoint={addRemark}
            label={t('rights.addRemark')}
            fields={[
              field('kind', 'choice', ['种类', 'Kind'], {
                required: true,
                choices: choicesOf('remarkKind', ['agreed', 'seizure', 'control']),
              }),
              field('text', 'longText', ['内容', 'Text'], { required: true }),
              field('basis', 'text', ['依据文号', 'Number of the document'], {}),
              field('until', 'date', ['截止', 'Until'], {}),
            ]}
            input={(values) => ({ params: { id: right }, body: { basis: '', until: null, ...values } as never })}
          />
        ) : null}
      </Modal>
    </>
  );
};
