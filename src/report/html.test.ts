import { expect } from 'chai';
import { html, tableHtml } from './html.ts';

describe('markup', () => {
  it('takes nothing that a device says as markup', () => {
    const said = '<script>alert("1")</script> & more';
    expect(html`<p title="${said}">${said}</p>`.text).to.equal(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more</p>',
    );
  });

  it('keeps markup and lists of it, and drops null and false', () => {
    expect(html`${[html`<b>1</b>`, ' ', 2]}${null}${false}`.text).to.equal('<b>1</b> 2');
  });

  it('gives tables a caption, headed columns and rows, and names for stacked rows', () => {
    const table = tableHtml(
      'Things',
      [{ title: 'Item' }, { title: 'Value' }],
      [{ cells: [{ content: 'a' }, { content: 1 }] }],
    ).text;
    expect(table).to.contain('<caption>Things</caption>');
    expect(table).to.match(/<th scope="col"[^>]*>Item<\/th>/);
    expect(table).to.match(/<th scope="row"[^>]*data-label="Item"><div>a<\/div><\/th>/);
    expect(table).to.match(/<td role="cell" data-label="Value"><div>1<\/div><\/td>/);
  });
});
