// An import() of a bundled CommonJS package has `default` alone; one of this module has the name.
export { parse } from 'yaml';
