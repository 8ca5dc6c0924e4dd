//! Files with secrets in them: readable by their owner only, and never overwritten.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use super::report::{Place, Problem, Words};

/// Writes new files, all or none: if one of them exists already, nothing is written.
///
/// Files get mode 0600, folders that had to be made 0700.
pub fn create_all(files: &[(PathBuf, String)]) -> Result<(), Problem> {
    if let Some((path, _)) = files.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
        return Err(exists(path));
    }
    for (path, text) in files {
        create(path, text).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(path),
            _ => Problem::new(
                Place::file(path.display().to_string()),
                Words::new(format!("无法写入：{error}"), format!("cannot be written: {error}")),
                Words::new(
                    "检查目录是否存在、是否有写权限、磁盘是否已满",
                    "check that the folder is there and writable, and that the disk is not full",
                ),
            ),
        })?;
    }
    Ok(())
}

/// Puts another text in the place of a file's, all of it or nothing.
///
/// # Errors
/// If the folder cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let permissions = fs::metadata(path)?.permissions();
    create(&beside, text)?;
    fs::set_permissions(&beside, permissions)?;
    fs::rename(&beside, path)
}

fn exists(path: &Path) -> Problem {
    Problem::new(
        Place::file(path.display().to_string()),
        Words::new(
            "文件已存在，不会覆盖：里面可能有正在使用的密钥",
            "exists already and is not overwritten: it may hold secrets that are in use",
        ),
        Words::new("换一个位置，或自行移走这个文件", "choose another place, or move the file away yourself"),
    )
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/secret.json");
        create_all(&[(path.clone(), "{}".into())]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.path().join("deep")).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn one_existing_file_keeps_all_from_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        fs::write(&old, "precious").unwrap();
        let problem = create_all(&[(new.clone(), "a".into()), (old.clone(), "b".into())]).unwrap_err();
        assert!(problem.place.file.ends_with("old"));
        assert!(!new.exists());
        assert_eq!(fs::read_to_string(old).unwrap(), "precious");
    }
}
