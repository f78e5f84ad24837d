/**
 * Which names Kubernetes accepts: label keys, label values, object names. Given.
 *
 * Each check returns what is wrong in the API's own words, one text for each fault; an empty list
 * means the name is fine. Who asks decides which error that becomes.
 */

const QUALIFIED_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED_NAME})?`;
const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;

const QUALIFIED_NAME_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_RULE = `a valid label must be an empty string or ${QUALIFIED_NAME_RULE.slice('must '.length)}`;
const DNS_LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const DNS_SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

const LABEL_MAX_LENGTH = 63;
const SUBDOMAIN_MAX_LENGTH = 253;

/**
 * Checks a qualified name, as label and annotation keys are: `name` or `prefix/name`, the name at
 * most 63 characters, the prefix a DNS subdomain.
 *
 * @see k8s.io/apimachinery/pkg/util/validation/validation.go (1.33), IsQualifiedName
 */
export function qualifiedNameFaults(text: string): string[] {
  const parts = text.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedNameRule()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const faults = second === undefined ? [] : prefixFaults(first);
  const name = second ?? first;
  if (name === '') faults.push('name part must be non-empty');
  if (name.length > LABEL_MAX_LENGTH) faults.push(`name part ${tooLong(LABEL_MAX_LENGTH)}`);
  if (!IS_QUALIFIED_NAME.test(name)) faults.push(`name part ${qualifiedNameRule()}`);
  return faults;
}

function qualifiedNameRule(): string {
  return withExamples(QUALIFIED_NAME_RULE, QUALIFIED_NAME, ['MyName', 'my.name', '123-abc']);
}

function prefixFaults(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return dnsSubdomainFaults(prefix).map((fault) => `prefix part ${fault}`);
}

/** Checks a label's value: empty, or at most 63 characters of the kind a name may have. */
export function labelValueFaults(text: string): string[] {
  const faults = text.length > LABEL_MAX_LENGTH ? [tooLong(LABEL_MAX_LENGTH)] : [];
  if (!IS_LABEL_VALUE.test(text)) {
    faults.push(withExamples(LABEL_VALUE_RULE, LABEL_VALUE, ['MyValue', 'my_value', '12345']));
  }
  return faults;
}

/** Checks a DNS label, as namespaces' and Services' names are. */
export function dnsLabelFaults(text: string): string[] {
  const faults = text.length > LABEL_MAX_LENGTH ? [tooLong(LABEL_MAX_LENGTH)] : [];
  if (!IS_DNS_LABEL.test(text)) {
    faults.push(withExamples(DNS_LABEL_RULE, DNS_LABEL, ['my-name', '123-abc']));
  }
  return faults;
}

/** Checks a DNS subdomain, as most objects' names are. */
export function dnsSubdomainFaults(text: string): string[] {
  const faults = text.length > SUBDOMAIN_MAX_LENGTH ? [tooLong(SUBDOMAIN_MAX_LENGTH)] : [];
  if (!IS_DNS_SUBDOMAIN.test(text)) {
    faults.push(withExamples(DNS_SUBDOMAIN_RULE, DNS_SUBDOMAIN, ['example.com']));
  }
  return faults;
}

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);
/** Names are checked at every write: the expressions are made once. */
const IS_QUALIFIED_NAME = whole(QUALIFIED_NAME);
const IS_LABEL_VALUE = whole(LABEL_VALUE);
const IS_DNS_LABEL = whole(DNS_LABEL);
const IS_DNS_SUBDOMAIN = whole(DNS_SUBDOMAIN);

function tooLong(maximum: number): string {
  return `must be no more than ${maximum} characters`;
}

function withExamples(rule: string, pattern: string, examples: readonly string[]): string {
  // The double space before `or` is the API's own; clients compare these texts.
  const list = examples.map((example) => `'${example}'`).join(',  or ');
  return `${rule} (e.g. ${list}, regex used for validation is '${pattern}')`;
}
