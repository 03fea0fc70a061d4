/** The package's entry point writes to the console on Node 20, which it does run on; its provider module is the same class. */
declare module 'oidc-provider/lib/provider.js' {
  export { Provider } from 'oidc-provider';
}
