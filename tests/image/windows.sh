# shellcheck shell=bash
# Sourced by the scripts beside it: an ISO with a Windows that can be unpacked and injected. Its hives and
# folders are real, its programs are text. Files have a hard link and a name that is no ASCII among them.

# windows_iso IMAGE_TOOL ISO [MORE]: two editions, Core and Professional; only the second one has boot files of both
# authorities. Leaves the tree of the second one in tree/. MORE is called before the images are made and may add to it.
windows_iso() {
    local name
    rm -rf tree medium windows.wim
    "$1" windows tree
    mkdir -p tree/Windows/{Boot/EFI,Boot/EFI_EX,System32/drivers,System32/DriverStore/FileRepository} \
        tree/Users/Default "tree/Program Files" tree/ProgramData medium/sources
    echo "loader of 2011" >tree/Windows/Boot/EFI/bootmgfw.efi
    cp tree/Windows/System32/config/SYSTEM tree/Windows/System32/config/BCD-Template
    for name in kernel win32k ntfs; do seq 20000 >"tree/Windows/System32/drivers/$name.sys"; done
    head -c 3000000 /dev/urandom >tree/Windows/System32/noise.dll
    echo 字体 >tree/Windows/System32/字体.txt
    ln tree/Windows/System32/noise.dll tree/Windows/System32/linked.dll
    [ -z "${3:-}" ] || "$3"
    windows_image capture Core "Windows 11 Home"
    echo "loader of 2023" >tree/Windows/Boot/EFI_EX/bootmgfw_EX.efi
    windows_image append Professional "Windows 11 Pro"
    mv windows.wim medium/sources/install.wim
    genisoimage -quiet -udf -allow-limited-size -iso-level 3 -V CCCOMA_X64FRE_EN-US_DV9 -o "$2" medium 2>/dev/null
    rm -rf medium
}

windows_image() { # VERB EDITION NAME
    local property properties=()
    for property in ARCH=9 "EDITIONID=$2" INSTALLATIONTYPE=Client PRODUCTTYPE=WinNT VERSION/MAJOR=10 \
        VERSION/MINOR=0 VERSION/BUILD=26100 VERSION/SPBUILD=1742 SYSTEMROOT=WINDOWS LANGUAGES/DEFAULT=de-DE \
        "LANGUAGES/LANGUAGE[1]=de-DE"; do
        properties+=("--image-property=WINDOWS/$property")
    done
    wimlib-imagex "$1" tree windows.wim "$3" "--image-property=FLAGS=$2" "--image-property=DISPLAYNAME=$3" \
        "${properties[@]}" >/dev/null
}
