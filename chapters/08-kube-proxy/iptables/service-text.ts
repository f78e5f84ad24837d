/** What one service port adds to the tables. Given: data only. */

import type { ProxierOptions } from '../proxier-options.ts';

/** What rules of a service port depend on beside the service port itself. */
export interface RuleContext {
  readonly options: ProxierOptions;
  /** Whether rules with endpoints say what they are for; not where there are very many of them. */
  readonly comments: boolean;
}

/** Lines of `iptables-restore` input for one service port. */
export interface ServiceRules {
  /** Table `filter`: rules in chains that all services share. */
  readonly filter: readonly string[];
  /** Table `nat`: rules in chains that all services share. They lead to the chains below. */
  readonly dispatch: readonly string[];
  /** Table `nat`: the names of the service port's own chains. */
  readonly chains: readonly string[];
  /** Table `nat`: the rules in these. */
  readonly rules: readonly string[];
}

/** Where a packet to an address of a service port goes. */
export interface CaptureTarget {
  /** `filter` for what is refused: `nat` cannot drop. */
  readonly table: 'nat' | 'filter';
  /** A chain, `REJECT` or `DROP`. */
  readonly jump: string;
  readonly comment: string;
}
