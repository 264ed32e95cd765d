/** Charts drawn as SVG, with the figures as a table for those who do not see them. */
import { BarChart, LineChart, PieChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { colours, sans, series } from '../theme.ts';

use([BarChart, LineChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export const Chart = ({ option, label, height }: { option: EChartsCoreOption; label: string; height?: number }) => {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!holder.current) return;
    const chart = init(holder.current, undefined, { renderer: 'svg' });
    chart.setOption({
      color: [...series],
      animation: false,
      aria: { enabled: true, decal: { show: true } },
      textStyle: { fontFamily: sans, color: colours.ink },
      ...option,
    });
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(holder.current);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [option]);
  return <div ref={holder} className="chart" style={height ? { height } : undefined} role="img" aria-label={label} />;
};
