#include "script_table.hpp"

#include <array>

// The reviewed scripts of Debian 12 that the interpreter (shell_effects.cpp) does not answer. Each was read, and its
// effects on an empty root written down. `print_scripts FILE.deb...` (tests/debian) prints the digests and which
// scripts are unknown. "none" also stands for: only matters to an installed system (services, conffile moves, Emacs,
// dictionaries, bytecode, which is a layer of its own). Scripts that must run a program of their package (ghostscript,
// graphviz, locale-gen) are missing on purpose.
//
//   dir PATH MODE [GID]; empty PATH MODE [GID]; text PATH CONTENT; copy FROM TO; link PATH TARGET
//   alternative LINK NAME TARGET PRIORITY; ca-bundle; time-zone; accounts; warn TEXT; none
namespace mlbuild::debian {
namespace {

constexpr std::array<KnownScript, 55> kKnown = {{
    {"76f7d4cb5463a6a2b687430412b53328c36ae70451144aa18d6e10d1cff510d6", "base-files", "postinst",
     "dir mnt 0755; dir srv 0755; dir opt 0755; dir etc/opt 0755; dir var/opt 0755; dir media 0755; dir "
     "var/mail 2775 8; link var/spool/mail ../mail; dir run/lock 1777; copy "
     "usr/share/base-files/dot.profile root/.profile; copy usr/share/base-files/dot.bashrc root/.bashrc; "
     "copy usr/share/base-files/profile etc/profile; copy usr/share/base-files/motd etc/motd; link "
     "etc/dpkg/origins/default debian; dir usr/local/share/man 0755; dir usr/local/bin 0755; dir "
     "usr/local/games 0755; dir usr/local/lib 0755; dir usr/local/include 0755; dir usr/local/sbin 0755; "
     "dir usr/local/src 0755; dir usr/local/etc 0755; link usr/local/man share/man; empty var/log/wtmp "
     "0664 43; empty var/log/btmp 0660 43; empty var/log/lastlog 0664 43"},
    {"1e4a1c7c3a47f0b8fb59904b5986f4b4edad6d1316caf8378725e4d979ae3e3a", "base-passwd", "postinst", "accounts"},
    {"f4af354113736118097996e2decc8e88232cb8bf44c31648b5bb089f74638629", "base-passwd", "preinst", "none"},
    {"80918d2ed408ba250ff67459027dbfba33634f241d1b6cc6a47af7e2228c1697", "bash", "postinst", "none"},
    {"8cb8e14a090449dc295a6ba1a1f46c1f1b12ed9d212fbfa545f1bc9001d6cfd4", "ca-certificates", "postinst",
     "dir usr/local/share/ca-certificates 0755; ca-bundle"},
    {"3bfa089394eff2dfd5a7ba39fd27d02a1f57f233686a41002755cb721a54e265", "coreutils", "postinst", "none"},
    {"42796c4538544891a9f5cc1ff5acb00d8a47e177b83e3235070529e9406c2b20", "dash", "postinst", "none"},
    {"cd1235cfc9047b3b42e6d45645f6dfacc180e685a1c31c0954a82463f5593329", "dbus-daemon", "postinst",
     "dir var/lib/dbus 0755"},
    {"6eda157b31de6286bf9d7b5e1ccd1e7917dff18a626d34d8e288384ae3788f70", "dbus-system-bus-common", "postinst", "none"},
    {"010ede1149aa489b1fd2a00a87cfa7367bdd03236512f2c0f8919de4318e7101", "dbus", "postinst", "none"},
    {"ccc3c8aa3458da5f095b1dfe329a540f074eb3cb59373bcfd2655cfc11ec2724", "debianutils", "postinst",
     "text etc/shells # /etc/shells: valid login "
     "shells\\n/bin/sh\\n/usr/bin/sh\\n/bin/bash\\n/usr/bin/bash\\n/bin/rbash\\n/usr/bin/rbash\\n/bin/dash\\n/usr/bin/"
     "dash\\n; "
     "alternative usr/bin/which which /usr/bin/which.debianutils 0"},
    {"5032dd92d0e5e96ee5c7976fcac1b1d452deae1ce0931f3a5331a620e5ad8d43", "dictionaries-common", "postinst", "none"},
    {"4fe36368187567f89a37dc1f9218c7cbd6d9b8226d128ec9b07b79c51e67dc83", "dictionaries-common", "preinst", "none"},
    {"5db15baa9a4467db743252997c1b52120952b25b6d74d55fc3a56135a539ea5a", "dpkg", "postinst", "none"},
    {"5e4ac9e9efc455949288e7b2f8600778b579e664fc258957e3f16ac88c642597", "emacsen-common", "postinst", "none"},
    {"3bf73764ebca7116ec4fb378eacab0b17f33f1d6d6c6b531f0e90e0e48b25133", "fontconfig-config", "postinst",
     "link etc/fonts/conf.d/10-hinting-slight.conf "
     "/usr/share/fontconfig/conf.avail/10-hinting-slight.conf; link etc/fonts/conf.d/70-no-bitmaps.conf "
     "/usr/share/fontconfig/conf.avail/70-no-bitmaps.conf"},
    {"030a845e9cad50c43b87f8291872c3ea63cae2cb74abfe5e68abd41ae3e3ecb5", "fontconfig", "postinst",
     "dir var/cache/fontconfig 0755"},
    {"7baf210461e0ea74ccc1075e879c4394e5cf1bf349bba5e06a8822abdcd70fcc", "fonts-urw-base35", "postinst", "none"},
    {"884918e01ab733c79bb549a9a988a383750dbdc1f903fe1a764a1bd8fa033835", "freetds-common", "postinst",
     "copy usr/share/freetds/freetds.conf etc/freetds/freetds.conf"},
    {"ff29f87f1fefc660f70f52e242df1d78535d732ec836abb4d0c6376b0126771b", "hicolor-icon-theme", "postinst", "none"},
    {"2b65078c27753401431a096d94e2bdbc0d149d11ba05ee6b5f9d0cf0bf6851d5", "hunspell-en-us", "postinst", "none"},
    {"57b068503ce5bc7e6366e1036493c2b29fa3601853ec9a295d763fdd4f02e08c", "libc-bin", "postinst",
     "copy usr/share/libc-bin/nsswitch.conf etc/nsswitch.conf"},
    {"16e91f7ebde8ac4ce331203b97aea0f7000a5c20d9a019374fb8a8a2b950425f", "libc6", "postinst", "none"},
    {"271f49c467eacf6ead15553dc6151533e831f5a856b572aa9bf452e86be6ee6f", "libc6", "preinst", "none"},
    {"cc9e02b5038d3fa882391f4b836cc723bf63393a68f45d476fc4790f0271d250", "libc6", "preinst", "none"},  // arm64
    {"e2adc9ddd36260998c8c6a292ebec6315e384ad2de505a375ec0d481c756a5c0", "libgdk-pixbuf-2.0-0", "postinst",
     "warn gdk-pixbuf has no list of its modules and reads PNG and JPEG only"},
    {"97517e32dbb5a430d65ad19a4d1ad082483c0652e6bc521a69372b3617ec7a77", "libgtk-3-0", "postinst",
     "warn GTK has no list of its input methods"},
    {"da73c1f5895cccfc3cb51d55b7d0197387f776c77d3241cdbc47f1e279b72da1", "libgtk2.0-0", "postinst",
     "warn GTK has no list of its input methods"},
    {"93ad3eb2d79f386bb9026b126ede4032c685b3d810ac7799a31e6197a55b9a65", "libglib2.0-0", "postinst", "none"},
    {"5a682ced7edde36b37f93e3b8d3cefd2f54caed14163f55afa1faf99f26d6af6", "libpam-modules", "postinst",
     "empty etc/security/opasswd 0600"},
    {"093ef8e483333bc045e7d7af0451df2f1029be3f4ebeef6612924b64f7a59d85", "libpam-runtime", "postinst",
     "text etc/pam.d/common-auth auth\\t[success=1 default=ignore]\\tpam_unix.so "
     "nullok\\nauth\\trequisite\\tpam_deny.so\\nauth\\trequired\\tpam_permit.so\\n; text "
     "etc/pam.d/common-account account\\t[success=1 new_authtok_reqd=done "
     "default=ignore]\\tpam_unix.so\\naccount\\trequisite\\tpam_deny.so\\naccount\\trequired\\tpam_permit.so\\n; "
     "text etc/pam.d/common-password password\\t[success=1 default=ignore]\\tpam_unix.so obscure "
     "yescrypt\\npassword\\trequisite\\tpam_deny.so\\npassword\\trequired\\tpam_permit.so\\n; text "
     "etc/pam.d/common-session "
     "session\\t[default=1]\\tpam_permit.so\\nsession\\trequisite\\tpam_deny.so\\nsession\\trequired\\tpam_permit."
     "so\\nsession\\trequired\\tpam_unix.so\\n; "
     "text etc/pam.d/common-session-noninteractive session\\t[default=1]\\tpam_permit.so\\n"
     "session\\trequisite\\tpam_deny.so\\nsession\\trequired\\tpam_permit.so\\n"
     "session\\trequired\\tpam_unix.so\\n"},
    {"0116277ff172f29303c46133d05c7cf14757406eb1fee2dae61bd2888f610454", "libpam-systemd", "postinst", "none"},
    {"da4628c8b3eac49c946d09b9d654b5b78b7c998e06f632281ea06159d1754c18", "libpaper1", "postinst",
     "text etc/papersize a4\\n"},
    {"0dab5de239c09767038b66f07405dbb95764c9ac01e3ad3e2ace5e89322bcbc8", "libsensors5", "preinst", "none"},
    {"117116955cbe00ccedcb2b97c933efd2cf14965926980c21db2b8fb327089273", "login", "postinst",
     "empty var/log/faillog 0644; empty etc/subuid 0644; empty etc/subgid 0644"},
    {"2eac875a47e569b120f23a6bfad9a4da9eeaab6bbee00477dd5176db3e3e5585", "mariadb-common", "postinst",
     "alternative etc/mysql/my.cnf my.cnf /etc/mysql/mariadb.cnf 500"},
    {"5184d3872a579872384cb0e334268a3ceb9816aff8240ff6a365920a82c98895", "mysql-common", "postinst",
     "alternative etc/mysql/my.cnf my.cnf /etc/mysql/my.cnf.fallback 100"},
    {"ab322634cbb83bac26a721bb954350c4a01ea473d0bc91e99827886f746409f1", "netbase", "postinst",
     "text etc/networks default\\t\\t0.0.0.0\\nloopback\\t127.0.0.0\\nlink-local\\t169.254.0.0\\n"},
    {"fb6f1a9bc4c347fe7dd7fca46816a760495295983c9654160d7f1e83f2739d71", "openssh-client", "postinst", "none"},
    {"11d81b7e416d69161b32a3f25df51b5433fbe4913135c294b68c453de72006c6", "openssl", "postinst", "none"},
    {"4845d65b31b49a906fb83525d4ca2787ba6233626a5cf8b52cd16c4093cf466f", "passwd", "postinst", "none"},
    {"014c2219a27b5ee1d70305b08e2bf058124f13d8ff94ca3853ce7d2182172ca4", "poppler-data", "postinst", "none"},
    {"f5f44582bfcd5de172838eca92a392301c0b77aacb09f68785619b68ea46757c", "procps", "postinst", "none"},
    {"f4ca459b7c05caccd2b7ede15b0058fd6b33acd608d9399e58fc06328df7e82b", "python3.11-minimal", "postinst", "none"},
    {"69dae41d2434cfa39a3b05970bee284c775b3a66758d4641fa52be546480c37c", "python3.11-minimal", "preinst", "none"},
    {"b2606d31e35ba560f221f0cc0f7b58ffeab581f34f504110cd87d461debc6606", "python3.11", "postinst", "none"},
    {"a47488f9aaae773e7cf8edc2cf450c888c1d958801c7a62e12bc897d5037b598", "readline-common", "postinst",
     "copy usr/share/readline/inputrc etc/inputrc"},
    {"51d670d72e341b5f77477cda199cc074123d4287305ec1c786693fc15b9916b5", "systemd", "postinst", "none"},
    {"eafc70823cbf9bc16afff13df3a09e6117c128bf14fd2424c0e4717c1559f92e", "tdsodbc", "postinst",
     "copy usr/share/tdsodbc/odbcinst.ini etc/odbcinst.ini"},
    {"180c38b64573902821371c70237dcbc753b8dac20b817e3264bf06dc5475f8de", "tzdata", "postinst", "time-zone"},
    {"1696df640f61ca4bd64d91490ea8d4495b9ebba53a21939decc8422a35914d98", "ucf", "postinst", "dir var/lib/ucf 0755"},
    {"fc457863d1d29e1d26f7483f707c8b9065ed54c6b5f8500fdf4a599aac3ad557", "ucf", "preinst", "none"},
    {"e2dd3efb4b862fabe486a5e44d59557b5fb338865122f89070d9d973c785cc88", "unixodbc-common", "postinst",
     "empty etc/odbcinst.ini 0644"},
    {"89b03db51fe70972cea28585b0628a900c3be749e52e63cf4fb989668893e925", "usr-is-merged", "postinst", "none"},
    {"019290c201ec0b4c621e97eae8efc110105995c17c0d95457f9cb15f838caae9", "xfonts-utils", "postinst", "none"},
}};

}  // namespace

std::span<const KnownScript> known_scripts() { return kKnown; }

}  // namespace mlbuild::debian
