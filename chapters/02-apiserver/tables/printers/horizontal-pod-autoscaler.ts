/**
 * A HorizontalPodAutoscaler's row, of autoscaling/v2. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33), formatHPAMetrics
 */

import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from 'kubernetes-types/autoscaling/v2.js';
import { age } from '../age.ts';
import { amountText } from '../cell-text.ts';
import { definePrinter } from '../table-convertor.ts';

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueText(spec.external?.target, status?.external?.current);
    case 'Object':
      return valueText(spec.object?.target, status?.object?.current);
    case 'Pods':
      return `${known(status?.pods?.current.averageValue)}/${amountText(spec.pods?.target.averageValue)}`;
    case 'Resource':
      return `${spec.resource?.name}: ${usageText(spec.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource':
      return `${spec.containerResource?.name}: ${usageText(spec.containerResource?.target, status?.containerResource?.current)}`;
    default:
      return '<unknown type>';
  }
}

/** Of one number: `5/10`, or `5/10 (avg)` when it is one for each pod. */
function valueText(
  target: MetricTarget | undefined,
  current: MetricValueStatus | undefined,
): string {
  if (target?.averageValue === undefined) {
    return `${known(current && (current.value ?? '0'))}/${amountText(target?.value)}`;
  }
  return `${known(current?.averageValue)}/${amountText(target.averageValue)} (avg)`;
}

/** Of CPU and memory: `40%/80%` or `100Mi/200Mi`. */
function usageText(
  target: MetricTarget | undefined,
  current: MetricValueStatus | undefined,
): string {
  if (target?.averageValue !== undefined) {
    return `${known(current && (current.averageValue ?? '0'))}/${amountText(target.averageValue)}`;
  }
  const usage = current?.averageUtilization;
  const wanted = target?.averageUtilization;
  return `${usage === undefined ? '<unknown>' : `${usage}%`}/${wanted === undefined ? '<auto>' : `${wanted}%`}`;
}

function known(amount: string | undefined): string {
  return amount === undefined ? '<unknown>' : amountText(amount);
}

function metricsText({ spec, status }: HorizontalPodAutoscaler): string {
  const specs = spec?.metrics ?? [];
  if (specs.length === 0) return '<none>';
  const texts = specs.map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  const shown = texts.slice(0, 2).join(', ');
  return texts.length > 2 ? `${shown} + ${texts.length - 2} more...` : shown;
}

function referenceText({ spec }: HorizontalPodAutoscaler): string {
  return `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`;
}

export const horizontalPodAutoscalerPrinter = definePrinter<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  kind: 'HorizontalPodAutoscaler',
  columns: 'Name, Reference, Targets, MinPods, MaxPods, Replicas, Age',
  cells: (autoscaler, nowMs) => [
    autoscaler.metadata?.name ?? '',
    referenceText(autoscaler),
    metricsText(autoscaler),
    `${autoscaler.spec?.minReplicas ?? '<unset>'}`,
    autoscaler.spec?.maxReplicas ?? 0,
    autoscaler.status?.currentReplicas ?? 0,
    age(autoscaler.metadata?.creationTimestamp, nowMs),
  ],
});
