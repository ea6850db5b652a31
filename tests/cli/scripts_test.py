"""`system.scripts: run`: maintainer scripts that mlbuild does not answer itself run in the sandbox, and what they make works in the image."""

import os
import shutil
import unittest

from support import SHARED_STORE, CliTest, layout_files, layout_manifest, main, run

HEAD = "version: 1\nname: scripts\nbase: {flavor: slim}\n"


class Scripts(CliTest):
    def locked(self, text):
        spec = self.write_spec(HEAD + text)
        self.assert_ok(run("lock", spec, "--store", SHARED_STORE))
        return spec

    def files(self, spec, *args):
        shutil.rmtree(self.directory / "layout", ignore_errors=True)
        self.build(spec, "--locked", "-o", f"oci:{self.directory}/layout", *args)
        return layout_files(self.directory / "layout")

    def inside(self, spec, command):
        return self.assert_ok(run("run", "--store", SHARED_STORE, spec, "--", "sh", "-e", "-c", command)).out

    def test_graphviz_knows_its_plugins_as_root_and_as_ordinary_user(self):
        spec = self.locked("system: {runtime: [graphviz], scripts: {libgvc6: run}}\n")
        self.assertTrue(any(path.endswith("/graphviz/config6a") for path in self.files(spec, "--force")))
        self.assertIn("<svg", self.inside(spec, "echo 'digraph {a -> b}' | dot -Tsvg"))
        reference = self.build(spec, "--locked").out.strip()
        self.assertEqual(self.build(spec, "--locked", "--force", prefix=["sh", "-c", 'umask 077; exec "$@"', "sh"],
                                    env={"TZ": "Asia/Kathmandu"}).out.strip(), reference)
        if os.geteuid() != 0:
            return
        done = self.build_as_ordinary_user(spec)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, reference), done.stderr)

    def test_ghostscript_finds_its_fonts(self):
        spec = self.locked("system: {runtime: [ghostscript], scripts: {ghostscript: run}}\n")
        self.assertIn("var/lib/ghostscript/fonts/Fontmap", self.files(spec, "--force"))
        page = "/Helvetica findfont 12 scalefont setfont 50 50 moveto (hello) show showpage"
        self.assertIn("hello", self.inside(spec, f"gs -q -dBATCH -dNOPAUSE -sDEVICE=txtwrite -sOutputFile=- -c '{page}'"))

    def test_settings_schemas_are_compiled(self):
        spec = self.locked("system: {runtime: [gsettings-desktop-schemas, libglib2.0-bin], scripts: {libglib2.0-0: run}}\n")
        files = self.files(spec, "--force")
        self.assertGreater(files["usr/share/glib-2.0/schemas/gschemas.compiled"], 10_000)
        self.assertIn("icon-theme", self.inside(spec, "gsettings list-keys org.gnome.desktop.interface"))

    def test_locales_ask_debconf_and_a_step_generates_one(self):
        spec = self.locked("system: {runtime: [locales], scripts: {locales: run}}\n"
                           "steps:\n  - run: |\n      echo 'de_DE.UTF-8 UTF-8' >> /etc/locale.gen\n      locale-gen\n")
        files = self.files(spec, "--force")
        self.assertIn("etc/locale.gen", files)
        self.assertGreater(files["usr/lib/locale/locale-archive"], 100_000)
        program = 'import locale; locale.setlocale(locale.LC_ALL, "de_DE.UTF-8"); print(locale.str(1.5))'
        self.assertEqual(self.inside(spec, f"python -c '{program}'"), "1,5\n")
        reference = self.build(spec, "--locked").out
        self.assertEqual(self.build(spec, "--locked", "--force").out, reference)

    def test_run_means_all_that_are_not_known_and_leaves_no_state_behind(self):
        spec = self.locked("system: {runtime: [graphviz, ghostscript, imagemagick], scripts: run}\n")
        before = set(self.files(self.rewrite(spec, "scripts: {libgvc6: ignore, ghostscript: ignore, imagemagick-6.q16: ignore}")))
        files = self.files(self.rewrite(spec, "scripts: run"), "--force")
        added = {path for path in files if path not in before}
        self.assertTrue({"var/lib/ghostscript/fonts/Fontmap"} <= added, added)
        self.assertFalse([path for path in added if path.startswith(("var/lib/dpkg", "var/log", "var/cache", "usr/share/man"))])
        self.assertIn("ImageMagick", self.inside(spec, "convert -version"))
        layers = [layer["annotations"]["dev.mlbuild.key"] for layer in layout_manifest(self.directory / "layout")["layers"]]
        self.assertEqual(len(layers), 4)  # base, libraries, what scripts made, bytecode of the standard library

    def rewrite(self, spec, scripts):
        spec.write_text(HEAD + f"system: {{runtime: [graphviz, ghostscript, imagemagick], {scripts}}}\n")
        return spec

    def test_unchanged_scripts_do_not_run_again_and_the_plan_says_what_they_are(self):
        spec = self.locked("system: {runtime: [graphviz], scripts: {libgvc6: run}}\n")
        self.build(spec, "--locked")
        plan = self.build(spec, "--locked", "--dry-run", "--explain").out
        self.assertRegex(plan, r"maintainer scripts of libgvc6 +cached")

    def test_a_package_that_the_image_lacks_has_its_place(self):
        spec = self.locked("system:\n  runtime: [libgomp1]\n  scripts: {graphviz: run}\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 2, "the image has no package `graphviz`", "mlbuild.yaml:6:13")

    def test_an_unknown_script_is_refused_with_both_ways_out(self):
        spec = self.locked("system: {runtime: [graphviz]}\n")
        self.assert_fails(run("build", spec, "--locked", "--store", SHARED_STORE), 2, "`postinst` script of Debian package `libgvc6` is not known",
                          "scripts: {libgvc6: run}", "{libgvc6: ignore}")


if __name__ == "__main__":
    raise SystemExit(main())
