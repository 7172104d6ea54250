"""The page at `/` and the description at `/docs`, in Chromium: what a person does there, without any problem in the console.

    page.py URL REGISTRY_TOKEN OPERATOR.zip SCREENSHOTS

URL is that of a sandbox (`cargo run`), REGISTRY_TOKEN one that may push to `testorg`, OPERATOR.zip its sample. Needs
Playwright and axe-playwright-python from PyPI, and Chromium from the system.
"""

import io
import json
import pathlib
import shutil
import sys
import urllib.request
import zipfile

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright


def broken(good: bytes) -> bytes:
    """The operator with a mistake in each CSV: no `spec.install`, and an annotation that is no JSON."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if 'kind: ClusterServiceVersion' in text:
                text = text.replace('\n  install:\n', '\n  instal:\n').replace('packageName:', 'packagename:')
            new.writestr(name, text)
    return out.getvalue()


class Tab:
    """A tab whose console is watched."""

    def __init__(self, browser, url: str, path: str = '/', **settings):
        self.page = browser.new_context(**settings).new_page()
        self.problems = []
        self.page.on('console', lambda line: line.type in ('error', 'warning') and self.problems.append(line.text))
        self.page.on('pageerror', lambda error: self.problems.append(str(error)))
        self.page.on('request', lambda request: request.url.startswith((url, 'data:', 'blob:')) or self.problems.append(f'asks {request.url}'))
        self.page.goto(url + path)

    def choose(self, name: str, content: bytes):
        self.page.get_by_label('Zip with the manifests').set_input_files({'name': name, 'mimeType': 'application/zip', 'buffer': content})

    def end(self):
        assert not self.problems, self.problems
        self.page.context.close()


def check_operators(browser, url, good, shots):
    tab = Tab(browser, url)
    page = tab.page
    expect(page.locator('#about')).to_contain_text('Version')
    expect(page.locator('#health')).to_contain_text('works')
    page.get_by_role('button', name='Check').click()
    expect(page.locator('#report')).to_contain_text('Fill in: Organization')
    page.get_by_label('Organization').fill('testorg')
    tab.choose('broken.zip', broken(good))
    page.get_by_role('button', name='Check').click()
    expect(page.locator('#report .finding').first).to_be_visible()
    expect(page.locator('#report')).to_contain_text('What to do:')
    expect(page.locator('#report h3').first).to_contain_text('.yaml')
    page.screenshot(path=shots / 'invalid.png', full_page=True)
    tab.choose('good.zip', good)
    page.get_by_role('button', name='Check').click()
    expect(page.locator('#report')).to_contain_text('Valid: larder-operator can be pushed.')
    page.screenshot(path=shots / 'valid.png', full_page=True)
    tab.end()


def push_and_list(browser, url, token, good, shots):
    tab = Tab(browser, url)
    page = tab.page
    page.get_by_label('Organization').fill('rules' if token.startswith('rules:') else 'testorg')
    page.get_by_label('Token').fill(token)
    tab.choose('good.zip', good)
    push = page.get_by_role('button', name='Push', exact=True)
    expect(push).to_be_disabled()
    page.get_by_role('button', name='Show what a push does').click()
    expect(page.locator('#pushed')).to_contain_text('Nothing is pushed yet.')
    expect(push).to_be_enabled()
    # Another version is another push: the dry run does not count for it, nor does one whose answer is late.
    page.get_by_label('Version').fill('77.0.0')
    expect(push).to_be_disabled()
    page.evaluate("document.getElementById('try').click(); document.getElementById('version').dispatchEvent(new Event('input'))")
    expect(page.locator('#pushed')).to_contain_text('ask again')
    expect(push).to_be_disabled()
    page.get_by_role('button', name='Show what a push does').click()
    expect(page.locator('#pushed')).to_contain_text('A push makes larder-operator 77.0.0.')
    page.screenshot(path=shots / 'dry-run.png', full_page=True)
    push.click()
    expect(page.locator('#pushed')).to_contain_text('Pushed: larder-operator 77.0.0')
    page.get_by_role('button', name='List').click()
    expect(page.locator('#releases')).to_contain_text('77.0.0')
    page.screenshot(path=shots / 'pushed.png', full_page=True)
    show_the_catalog(page, shots)
    tab.end()


def show_the_catalog(page, shots):
    """What was pushed, as clusters see it."""
    page.get_by_role('button', name='Show', exact=True).click()
    package = page.locator('#packages details')
    expect(package).to_contain_text('larder-operator (candidate: larder-operator.v0.5.1')
    package.locator('summary').click()
    graphs = package.locator('svg.graph')
    expect(graphs).to_have_count(2)
    expect(graphs.first.locator('path.edge')).to_have_count(1)
    expect(package.locator('table').first).to_contain_text('larder-operator.v0.4.0')
    page.screenshot(path=shots / 'catalog.png', full_page=True)


def zip_a_folder(browser, url):
    """A dropped folder is zipped by the page; Python reads what it wrote."""
    tab = Tab(browser, url)
    files = {'package.yaml': 'packageName: x\n', '1.0.0/Überblick.md': 'x' * 70_000, 'empty': ''}
    made = tab.page.evaluate(
        '''async files => {
            const encoded = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]);
            return Array.from(new Uint8Array(await zipped(encoded).arrayBuffer()));
        }''',
        files,
    )
    with zipfile.ZipFile(io.BytesIO(bytes(made))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name).decode() for name in archive.namelist()} == files
    tab.end()


def hostile_names(browser, url):
    """Text of a zip is shown as text."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as archive:
        archive.writestr('<img src=x onerror=alert(1)>.yaml', 'packageName: "<script>alert(2)</script>\n')
    tab = Tab(browser, url)
    tab.page.get_by_label('Organization').fill('testorg')
    tab.choose('<b>.zip', out.getvalue())
    tab.page.get_by_role('button', name='Check').click()
    expect(tab.page.locator('#report')).to_contain_text('What to do')
    assert tab.page.locator('#report img, #report script, #report b').count() == 0
    tab.end()


def use_the_keyboard(browser, url):
    tab = Tab(browser, url)
    wanted = ['All requests', 'organization', 'file', 'check', 'token', 'version', 'try', 'repo', 'list', 'catalog']
    reached = []
    for _ in wanted:
        tab.page.keyboard.press('Tab')
        reached.append(tab.page.evaluate('document.activeElement.id || document.activeElement.textContent'))
    assert reached == wanted, reached
    tab.end()


def read_the_description(browser, url, shots):
    tab = Tab(browser, url, '/docs')
    document = json.load(urllib.request.urlopen(f'{url}/v2/openapi.json'))
    wanted = sum(len(methods) for methods in document['paths'].values())
    expect(tab.page.locator('main > details > summary code')).to_have_count(wanted)
    first = tab.page.locator('main > details').first
    first.locator('summary').click()
    expect(first).to_contain_text('Answer')
    tab.page.screenshot(path=shots / 'docs.png', full_page=True)
    tab.end()


def is_accessible(browser, url, shots):
    for scheme in 'light', 'dark':
        for path in '/', '/docs':
            # axe is a script of its own, which the page's policy does not allow.
            tab = Tab(browser, url, path, bypass_csp=True, color_scheme=scheme)
            tab.page.wait_for_load_state('networkidle')
            tab.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            found = Axe().run(tab.page).response['violations']
            summary = [(one['id'], one['impact'], [node['html'][:120] for node in one['nodes'][:3]]) for one in found]
            print(f'axe, {path}, {scheme}: {len(found)} violations')
            assert not found, summary
            tab.page.screenshot(path=shots / f'{path[1:] or "page"}-{scheme}.png', full_page=True)
            tab.page.context.close()


def main():
    url, token, operator, shots = sys.argv[1:]
    url = url.rstrip('/')
    shots = pathlib.Path(shots)
    shots.mkdir(parents=True, exist_ok=True)
    good = pathlib.Path(operator).read_bytes()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
        check_operators(browser, url, good, shots)
        hostile_names(browser, url)
        zip_a_folder(browser, url)
        use_the_keyboard(browser, url)
        read_the_description(browser, url, shots)
        is_accessible(browser, url, shots)
        push_and_list(browser, url, token, good, shots)
        browser.close()
    print('page: all works')


main()
