/* Search where the site is a folder on a disk: there a browser starts no worker,
 * and the theme's, which looks for IFrameWorker, runs in a hidden frame.
 */
class FrameWorker extends EventTarget {
  constructor(url) {
    super();
    this.frame = document.createElement('iframe');
    this.frame.hidden = true;
    // Firefox gives the frame another, equally empty page before it is loaded.
    this.ready = new Promise(resolve => { this.frame.onload = resolve; })
        .then(() => this.start(url));
    document.body.append(this.frame);
  }

  start(url) {
    const inside = this.frame.contentWindow;
    // What a worker has, and a page has not or means otherwise.
    inside.importScripts = (...urls) => urls.reduce(
        (done, next) => done.then(() => this.load(next)), Promise.resolve());
    inside.postMessage = data =>
        this.dispatchEvent(new MessageEvent('message', {data}));
    return this.load(url);
  }

  load(url) {
    const page = this.frame.contentDocument;
    const script = page.createElement('script');
    script.src = url;
    page.body.append(script);
    return new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${url} could not be loaded`));
    });
  }

  async postMessage(data) {
    await this.ready;
    this.frame.contentWindow.dispatchEvent(new MessageEvent('message', {data}));
  }

  terminate() {
    this.frame.remove();
  }
}

if (location.protocol === 'file:') {
  window.IFrameWorker = window.Worker = FrameWorker;
}
