/** What happened to a thing, newest last, as a list that reads well aloud. */
import { Timeline } from 'antd';
import type { ReactNode } from 'react';
import { When } from './now.tsx';

export interface Happening {
  key: string;
  at: string;
  title: ReactNode;
  detail?: ReactNode;
  colour?: 'green' | 'red' | 'gray' | 'blue';
}

export const History = ({ items }: { items: Happening[] }) => (
  <Timeline
    items={items.map((item) => ({
      key: item.key,
      color: item.colour ?? 'green',
      content: (
        <div>
          <div>{item.title}</div>
          <div className="small quiet">
            <When at={item.at} />
          </div>
          {item.detail}
        </div>
      ),
    }))}
  />
);
